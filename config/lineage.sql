-- The lineage log in SQL: DuckDB 1.2 or newer, on the files as they are, sealed and live.
--
--     duckdb -cmd "SET VARIABLE lineage = 'DATA/lineage'" -init config/lineage.sql
--     SELECT * FROM lineage_requests;
--
-- Only a sample of the predictions is in the log, and some kinds are kept more often than others.
-- Every record says how likely it was to be kept (smp.p), so what the views count and average is
-- weighted by 1/p. A plain count(*) or avg over lineage_records is not about the traffic.

-- Every line: headers, rates, records, trailers. The columns are named, so that they are the same
-- whatever lines there are; what differs by kind of line is JSON. A last line that is half written
-- is passed over. The names of the files end with .open.jsonl or .jsonl.gz, and no other do so.
CREATE OR REPLACE VIEW lineage_lines AS
SELECT *
FROM read_json(
    getvariable('lineage') || '/dt=*/*[lz]',
    format = 'newline_delimited',
    filename = true,
    hive_partitioning = false,
    ignore_errors = true,
    maximum_object_size = 33554432,
    columns = {
        w: 'VARCHAR', seq: 'BIGINT', prev: 'VARCHAR', kind: 'VARCHAR', v: 'INTEGER',
        rid: 'VARCHAR', crid: 'VARCHAR', trace: 'VARCHAR', span: 'VARCHAR', ts: 'BIGINT',
        route: 'STRUCT(rule VARCHAR, arm VARCHAR, w DOUBLE, u DOUBLE, salt VARCHAR,
                       "key" STRUCT("by" VARCHAR, hmac VARCHAR), rev BIGINT)',
        model: 'JSON', cfg: 'VARCHAR', env: 'JSON',
        batch: 'STRUCT(n INTEGER, off INTEGER, "rows" INTEGER, req INTEGER, indep VARCHAR)',
        "in": 'JSON', "out": 'JSON', in_sha256: 'VARCHAR',
        lat: 'STRUCT(parse BIGINT, queue BIGINT, infer BIGINT, post BIGINT, "write" BIGINT,
                     total BIGINT)',
        bytes_in: 'BIGINT', bytes_out: 'BIGINT', deadline: 'BIGINT',
        caller: 'STRUCT(id VARCHAR, via VARCHAR, ip VARCHAR)',
        st: 'STRUCT(http INTEGER, grpc INTEGER, code VARCHAR, stage VARCHAR)',
        pair: 'JSON',
        smp: 'STRUCT(p DOUBLE, why VARCHAR[], u DOUBLE, pol VARCHAR)',
        red: 'VARCHAR',
        rate: 'DOUBLE', rates: 'JSON',
        records: 'BIGINT', sampled: 'BIGINT', written: 'BIGINT', dropped: 'BIGINT',
        counters: 'JSON', skipped: 'JSON', crc: 'VARCHAR'
    })
WHERE seq IS NOT NULL
-- While a segment is sealed, its lines are in two files.
QUALIFY row_number() OVER (PARTITION BY w, seq ORDER BY filename) = 1;

-- One row for each recorded prediction, and one for each answer of a shadow.
CREATE OR REPLACE VIEW lineage_records AS
SELECT
    seq, kind, rid, crid, trace, span,
    make_timestamp(ts) AS arrived,
    model->>'$.name' AS model,
    (model->>'$.version')::INTEGER AS version,
    model->>'$.sha256' AS model_sha256,
    route.arm AS arm,
    route.rule AS rule,
    route.rev AS route_revision,
    st.http AS http,
    st.code AS code,
    st.http >= 500 AS is_error,
    lat.queue AS queue_micros,
    lat.infer AS infer_micros,
    lat.total AS total_micros,
    batch.rows AS batch_rows,
    "in" AS inputs,
    "out" AS outputs,
    in_sha256,
    pair,
    smp.p AS p,
    smp.why AS why,
    1 / smp.p AS weight,
    filename
FROM lineage_lines
WHERE rid IS NOT NULL AND kind IN ('primary', 'shadow');

-- How much traffic there was, how much of it failed, and how long it took, by version and arm.
-- A quantile is the least latency that at least that share of the weight does not exceed.
CREATE OR REPLACE VIEW lineage_requests AS
WITH ranked AS (
    SELECT
        *,
        sum(weight) OVER (
            PARTITION BY model, version, arm ORDER BY total_micros, seq) AS weight_up_to_here,
        sum(weight) OVER (PARTITION BY model, version, arm) AS weight_of_all
    FROM lineage_records
    WHERE kind = 'primary'
)
SELECT
    model, version, arm,
    count(*) AS records,
    sum(weight) AS requests,
    sum(CASE WHEN is_error THEN weight ELSE 0 END) / sum(weight) AS error_rate,
    sum(weight * total_micros) / sum(weight) AS mean_micros,
    min(total_micros) FILTER (WHERE weight_up_to_here >= 0.50 * weight_of_all) AS p50_micros,
    min(total_micros) FILTER (WHERE weight_up_to_here >= 0.95 * weight_of_all) AS p95_micros,
    min(total_micros) FILTER (WHERE weight_up_to_here >= 0.99 * weight_of_all) AS p99_micros,
    min(arrived) AS first_arrived,
    max(arrived) AS last_arrived
FROM ranked
GROUP BY model, version, arm
ORDER BY model, version, arm;

-- Answers of a shadow beside the answers that were sent.
CREATE OR REPLACE VIEW lineage_pairs AS
SELECT
    p.rid, p.arrived, p.model, p.version, s.version AS shadow_version,
    s.pair->>'$.verdict' AS verdict,
    p.total_micros, s.total_micros AS shadow_micros,
    p.outputs, s.outputs AS shadow_outputs,
    p.weight
FROM lineage_records p
JOIN lineage_records s ON s.rid = p.rid AND s.kind = 'shadow'
WHERE p.kind = 'primary';

-- What each ended segment says of itself, beside what is in it. A segment without its trailer is
-- being written, or a crash has ended it.
CREATE OR REPLACE VIEW lineage_segments AS
SELECT
    filename,
    min(seq) AS first_seq,
    max(seq) AS last_seq,
    count(*) AS lines,
    count(*) FILTER (WHERE rid IS NOT NULL) AS records,
    any_value(records) FILTER (WHERE kind = 'trailer') AS trailer_records,
    any_value(sampled) FILTER (WHERE kind = 'trailer') AS sampled,
    any_value(written) FILTER (WHERE kind = 'trailer') AS written,
    any_value(dropped) FILTER (WHERE kind = 'trailer') AS dropped
FROM lineage_lines
GROUP BY filename
ORDER BY first_seq;

-- Lines as text, for their digests.
CREATE OR REPLACE VIEW lineage_chain AS
WITH lines AS (
    SELECT
        json::VARCHAR AS line,
        json->>'$.w' AS w,
        (json->>'$.seq')::BIGINT AS seq,
        json->>'$.prev' AS prev,
        filename
    FROM read_json_objects(
        getvariable('lineage') || '/dt=*/*[lz]',
        format = 'newline_delimited',
        filename = true,
        hive_partitioning = false,
        ignore_errors = true,
        maximum_object_size = 33554432)
    WHERE json->>'$.seq' IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY w, seq ORDER BY filename) = 1
)
SELECT
    w, seq, filename, prev,
    lag(sha256(line)) OVER chain AS sha256_before,
    seq - lag(seq) OVER chain = 1 AND prev = sha256_before AS follows
FROM lines
WINDOW chain AS (PARTITION BY w ORDER BY seq);

-- Where the chain does not hold: no rows if it does. The first line there is has none before it.
CREATE OR REPLACE VIEW lineage_broken_links AS
SELECT * FROM lineage_chain WHERE NOT follows;
