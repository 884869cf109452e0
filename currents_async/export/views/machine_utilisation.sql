-- How busy the workers of each run were, from its first attempt to its last one. A worker is a
-- place on a machine where one test runs at a time; time in which several attempts claim to run
-- there counts once. Cypress has one worker on each machine.
-- Reads: attempts, specs.
WITH intervals AS (
    SELECT attempts.project_id, attempts.day, attempts.run_id, machines.machine_id,
           coalesce(attempts.parallel_index, 0) AS worker,
           millis(attempts.started_at) AS began,
           millis(attempts.started_at) + attempts.duration_ms AS ended
    FROM attempts
    JOIN (
        SELECT DISTINCT project_id, day, instance_id, machine_id
        FROM specs
        WHERE instance_id IS NOT NULL AND machine_id IS NOT NULL
    ) AS machines
        ON attempts.project_id = machines.project_id AND attempts.day = machines.day
        AND attempts.instance_id = machines.instance_id
    WHERE attempts.started_at IS NOT NULL AND attempts.duration_ms > 0
), ordered AS (
    SELECT intervals.*, max(ended) OVER (
               PARTITION BY project_id, day, run_id, machine_id, worker ORDER BY began, ended
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS covered
    FROM intervals
), workers AS (
    SELECT project_id, day, run_id, machine_id, min(began) AS began, max(ended) AS ended,
           sum(CASE WHEN covered IS NULL OR covered <= began THEN ended - began
                    WHEN covered < ended THEN ended - covered
                    ELSE 0 END) AS busy
    FROM ordered
    GROUP BY project_id, day, run_id, machine_id, worker
)
SELECT project_id, day, run_id, count(DISTINCT machine_id) AS machines, count(*) AS workers,
       CAST(sum(busy) AS DOUBLE PRECISION) / 60000 AS busy_minutes,
       CAST(max(ended) - min(began) AS DOUBLE PRECISION) / 60000 AS wall_minutes,
       CAST(sum(busy) AS DOUBLE PRECISION) / (count(*) * (max(ended) - min(began))) AS utilisation
FROM workers
GROUP BY project_id, day, run_id
