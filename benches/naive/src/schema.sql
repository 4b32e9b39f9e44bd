-- Quota rows, and what is paid out of them. An indicator row (IND), its plan row (PLN) and the row that its payments will
-- be settled from (PAY) carry the same `indicator`; rows of other ledgers have none. A submitted payment holds its amount on
-- the first two (decreasing) and announces it on the third (increasing).
-- Updates of money touch no indexed column and find room in their page (fillfactor), so they are heap-only.
CREATE TABLE quota_row (
    id bigint PRIMARY KEY,
    indicator bigint,
    ledger text NOT NULL,
    division text NOT NULL,
    agency text NOT NULL,
    project text NOT NULL,
    fiscal_year smallint NOT NULL,
    approved_cents bigint NOT NULL,
    used_cents bigint NOT NULL DEFAULT 0,
    decreasing_cents bigint NOT NULL DEFAULT 0,
    increasing_cents bigint NOT NULL DEFAULT 0,
    debit_cents bigint NOT NULL DEFAULT 0,
    credit_cents bigint NOT NULL DEFAULT 0,
    CHECK (approved_cents - used_cents - decreasing_cents >= 0)
) WITH (fillfactor = 50);
CREATE INDEX quota_row_indicator ON quota_row (indicator) WHERE indicator IS NOT NULL;
CREATE INDEX quota_row_division ON quota_row (division, ledger, id);

CREATE SEQUENCE document_id;
CREATE TABLE document (
    id bigint PRIMARY KEY,
    actor text NOT NULL,
    division text NOT NULL,
    agency text NOT NULL,
    fiscal_year smallint NOT NULL,
    state text NOT NULL DEFAULT 'submitted',
    version integer NOT NULL DEFAULT 1,
    row_id bigint NOT NULL,
    month smallint NOT NULL,
    amount_cents bigint NOT NULL,
    fields text NOT NULL,
    entered_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE posting (
    document bigint NOT NULL,
    row_id bigint NOT NULL,
    amount_cents bigint NOT NULL,
    PRIMARY KEY (document, row_id)
);

-- A key took effect once: with a document, or with the row that refused and what it had.
CREATE TABLE idempotency (
    actor text NOT NULL,
    key text NOT NULL,
    digest bigint NOT NULL,
    document bigint,
    refused_by bigint,
    available_cents bigint,
    PRIMARY KEY (actor, key)
);

-- Many payments in one transaction, each once, in the order given. Rows are locked by ascending id. Where the money
-- suffices for all of them, each table is written by one statement and each row once; else one payment follows the other.
CREATE FUNCTION enter_payments(
    actors text[], keys text[], digests bigint[], divisions text[], agencies text[], years smallint[],
    indicators bigint[], months smallint[], amounts bigint[], contents text[]
) RETURNS TABLE (place bigint, digest bigint, document bigint, refused_by bigint, available_cents bigint)
-- Its plans are kept while the tables grow: whatever is looked up is looked up by index, from the first call on.
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    fresh bigint[];
    all_fresh boolean;
    all_fit boolean;
    one record;
    short record;
    made bigint;
BEGIN
    PERFORM 1 FROM quota_row q WHERE q.indicator = ANY (indicators) ORDER BY q.id FOR UPDATE;

    -- The first of each key in this batch that nobody used before. The rows are locked: nobody else uses it now.
    SELECT array_agg(f.place) INTO fresh FROM (
        SELECT DISTINCT ON (a.actor, a.key) a.place
        FROM unnest(actors, keys) WITH ORDINALITY AS a (actor, key, place)
        WHERE NOT EXISTS (SELECT 1 FROM idempotency i WHERE i.actor = a.actor AND i.key = a.key)
        ORDER BY a.actor, a.key, a.place
    ) f;
    fresh := coalesce(fresh, '{}');
    all_fresh := cardinality(fresh) = cardinality(actors);

    SELECT coalesce(bool_and(coalesce(q.approved_cents - q.used_cents - q.decreasing_cents >= w.total, false)), false) INTO all_fit
    FROM (
        SELECT a.indicator, sum(a.amount) AS total
        FROM unnest(indicators, amounts) WITH ORDINALITY AS a (indicator, amount, place)
        WHERE all_fresh OR a.place = ANY (fresh)
        GROUP BY a.indicator
    ) w LEFT JOIN quota_row q ON q.indicator = w.indicator AND q.ledger <> 'PAY';

    IF all_fit THEN
        RETURN QUERY
        WITH taken AS (
            SELECT nextval('document_id') AS id, a.*
            FROM unnest(actors, keys, digests, divisions, agencies, years, indicators, months, amounts, contents)
                WITH ORDINALITY AS a (actor, key, digest, division, agency, fiscal_year, indicator, month, amount, content, place)
            WHERE all_fresh OR a.place = ANY (fresh)
        ), moved AS (
            UPDATE quota_row q SET decreasing_cents = q.decreasing_cents + CASE q.ledger WHEN 'PAY' THEN 0 ELSE w.total END,
                increasing_cents = q.increasing_cents + CASE q.ledger WHEN 'PAY' THEN w.total ELSE 0 END
            FROM (SELECT t.indicator, sum(t.amount)::bigint AS total FROM taken t GROUP BY t.indicator) w
            WHERE q.indicator = w.indicator
        ), documents AS (
            INSERT INTO document (id, actor, division, agency, fiscal_year, row_id, month, amount_cents, fields)
            SELECT t.id, t.actor, t.division, t.agency, t.fiscal_year, t.indicator, t.month, t.amount, t.content FROM taken t
        ), postings AS (
            INSERT INTO posting (document, row_id, amount_cents)
            SELECT t.id, q.id, t.amount FROM taken t JOIN quota_row q ON q.indicator = t.indicator
        ), spent AS (
            INSERT INTO idempotency (actor, key, digest, document)
            SELECT t.actor, t.key, t.digest, t.id FROM taken t
        )
        SELECT t.place, t.digest, t.id, NULL::bigint, NULL::bigint FROM taken t;
    ELSE
        FOR one IN
            SELECT a.* FROM unnest(actors, keys, digests, divisions, agencies, years, indicators, months, amounts, contents)
                WITH ORDINALITY AS a (actor, key, digest, division, agency, fiscal_year, indicator, month, amount, content, place)
            WHERE a.place = ANY (fresh) AND EXISTS (SELECT 1 FROM quota_row q WHERE q.indicator = a.indicator)
            ORDER BY a.place
        LOOP
            SELECT q.id, q.approved_cents - q.used_cents - q.decreasing_cents AS has INTO short FROM quota_row q
            WHERE q.indicator = one.indicator AND q.ledger <> 'PAY'
                AND q.approved_cents - q.used_cents - q.decreasing_cents < one.amount
            ORDER BY q.id LIMIT 1;
            IF FOUND THEN
                INSERT INTO idempotency (actor, key, digest, refused_by, available_cents)
                VALUES (one.actor, one.key, one.digest, short.id, short.has);
            ELSE
                made := nextval('document_id');
                UPDATE quota_row q SET decreasing_cents = q.decreasing_cents + CASE q.ledger WHEN 'PAY' THEN 0 ELSE one.amount END,
                    increasing_cents = q.increasing_cents + CASE q.ledger WHEN 'PAY' THEN one.amount ELSE 0 END
                WHERE q.indicator = one.indicator;
                INSERT INTO document (id, actor, division, agency, fiscal_year, row_id, month, amount_cents, fields)
                VALUES (made, one.actor, one.division, one.agency, one.fiscal_year, one.indicator, one.month, one.amount, one.content);
                INSERT INTO posting (document, row_id, amount_cents)
                SELECT made, q.id, one.amount FROM quota_row q WHERE q.indicator = one.indicator;
                INSERT INTO idempotency (actor, key, digest, document) VALUES (one.actor, one.key, one.digest, made);
            END IF;
        END LOOP;
    END IF;

    -- What was answered before, here or in another batch. A place without an answer names a row that does not exist.
    IF NOT (all_fit AND all_fresh) THEN
        RETURN QUERY
        SELECT a.place, i.digest, i.document, i.refused_by, i.available_cents
        FROM unnest(actors, keys) WITH ORDINALITY AS a (actor, key, place)
        JOIN idempotency i ON i.actor = a.actor AND i.key = a.key
        WHERE NOT (all_fit AND a.place = ANY (fresh));
    END IF;
END;
$$;
