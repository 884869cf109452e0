-- How long the attempts after the first one took, by week and spec file.
-- Reads: attempts, tests.
SELECT tests.project_id, CAST(date_trunc('week', tests.day) AS DATE) AS week, tests.spec,
       count(*) AS retries,
       CAST(coalesce(sum(attempts.duration_ms), 0) AS DOUBLE PRECISION) / 60000 AS minutes_lost
FROM attempts
JOIN tests ON attempts.project_id = tests.project_id AND attempts.day = tests.day
    AND attempts.instance_id = tests.instance_id AND attempts.test_position = tests.position
WHERE attempts.attempt > 0
GROUP BY 1, 2, 3
