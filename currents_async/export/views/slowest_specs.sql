-- How long each spec file takes, in seconds, over all its executions.
-- Reads: specs.
SELECT project_id, spec, count(*) AS executions,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) / 1000 AS median_seconds,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) / 1000 AS p95_seconds,
       CAST(max(duration_ms) AS DOUBLE PRECISION) / 1000 AS slowest_seconds,
       CAST(sum(duration_ms) AS DOUBLE PRECISION) / 60000 AS total_minutes
FROM specs
WHERE duration_ms IS NOT NULL
GROUP BY project_id, spec
