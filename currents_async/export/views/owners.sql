-- What became of the tests of each owner, who is named by annotations of the type `owner`. The
-- owner is null for tests without one.
-- Reads: tests.
SELECT project_id, owner, count(DISTINCT concat(spec, ' > ', joined(title))) AS tests, count(*) AS executions,
       count(*) FILTER (WHERE state = 'failed') AS failed,
       count(*) FILTER (WHERE is_flaky) AS flaky,
       CAST(count(*) FILTER (WHERE state = 'failed') AS DOUBLE PRECISION) / count(*)
           AS failure_rate
FROM tests
WHERE state IN ('passed', 'failed')
GROUP BY project_id, owner
