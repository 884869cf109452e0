-- How many of the complete runs of each branch failed. The branch is null where none is known.
-- Reads: runs.
SELECT project_id, branch, count(*) AS runs, count(*) FILTER (WHERE status = 'FAILED') AS failed,
       CAST(count(*) FILTER (WHERE status = 'FAILED') AS DOUBLE PRECISION) / count(*)
           AS failure_rate
FROM runs
WHERE completion_state = 'COMPLETE'
GROUP BY project_id, branch
