-- How often each test was flaky in each week that it was, the flakiest one of a week at place 1.
-- Reads: tests.
SELECT project_id, week, spec, test, executions, flaky,
       CAST(flaky AS DOUBLE PRECISION) / executions AS flaky_rate,
       row_number() OVER (
           PARTITION BY project_id, week ORDER BY flaky DESC, executions, spec, test
       ) AS place
FROM (
    SELECT project_id, CAST(date_trunc('week', day) AS DATE) AS week, spec, joined(title) AS test,
           count(*) AS executions, count(*) FILTER (WHERE is_flaky) AS flaky
    FROM tests
    WHERE state IN ('passed', 'failed')
    GROUP BY 1, 2, 3, 4
) AS counted
WHERE flaky > 0
