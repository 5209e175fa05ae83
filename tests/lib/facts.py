"""What is true of a shop that has come to rest, whatever happened to it before.

Each fact is a query for what breaks it: no row is good news. All of them look at everything
that the shop holds, so they are for shops in which only tests have been at work.
"""
import collections
import json
import time

SETTLE_SECS = 90

# Nobody has anything left to do.
UNREST = (
    ("events wait for their place in the log", "select count(*) as waiting from bus.outbox having count(*) > 0"),
    ("subscriptions have not heard all", "select name, waiting, retrying, blocked from bus.subscription_state where waiting + retrying + blocked > 0"),
    # An open card page is an offer, which may stand there for long.
    ("payments are not decided", """select payment_id, kind, status, checks from payment.attempt
        where status = 'processing' or (status = 'started' and kind = 'card')"""),
    ("jobs wait", "select queue, dedup_key, attempts, last_error from bus.job where state = 'ready'"),
)

# Every way an order may be, once it is at rest, with the steps behind it and the payment's own word for it.
LEGAL = """(values
    ('pending',   'unfulfilled',       false, 'await_payment pending, open_payment done, reserve_stock done', array['requires_payment', 'requires_action', 'processing']),
    ('failed',    'unfulfilled',       false, 'await_payment pending, open_payment done, reserve_stock done', array['failed', 'requires_action']),
    ('succeeded', 'unfulfilled',       false, 'await_payment done, open_payment done, reserve_stock done, ship pending', array['succeeded']),
    ('succeeded', 'partially_shipped', false, 'await_payment done, open_payment done, reserve_stock done, ship pending', array['succeeded']),
    ('succeeded', 'shipped',           false, 'await_payment done, deliver pending, open_payment done, reserve_stock done, ship done', array['succeeded']),
    ('succeeded', 'delivered',         false, 'await_payment done, deliver done, open_payment done, reserve_stock done, ship done', array['succeeded']),
    ('cancelled', 'unfulfilled',       true,  'await_payment cancelled, cancel_payment done, open_payment done, release_stock done, reserve_stock done', array['cancelled']),
    ('refunded',  'unfulfilled',       true,  'await_payment done, open_payment done, refund_payment done, release_stock done, reserve_stock done, ship cancelled', array['refunded']))
    as legal (payment_status, fulfilment_status, cancelled, steps, intent)"""

FACTS = (
    ("an order is in no legal state", f"""
        select o.number, o.payment_status, o.fulfilment_status, o.cancelled_at, s.steps, i.status
          from orders.orders o
          left join (select order_id, string_agg(step || ' ' || state, ', ' order by step) as steps from orders.saga_step group by 1) s on s.order_id = o.id
          left join payment.intent i on i.order_id = o.id
         where not exists (select from {LEGAL} where legal.payment_status = o.payment_status and legal.fulfilment_status = o.fulfilment_status
            and legal.cancelled = (o.cancelled_at is not null) and legal.steps = s.steps and i.status = any (legal.intent))"""),
    ("stock is not what its movements, its shelves and its reservations say", """
        select i.sku, i.on_hand, i.reserved, m.sum as moved, l.sum as on_shelves, r.held from inventory.item i
          left join (select sku, sum(delta) from inventory.movement group by 1) m on m.sku = i.sku
          left join (select sku, sum(on_hand) from inventory.level group by 1) l on l.sku = i.sku
          left join (select sku, sum(quantity - shipped - released) as held from inventory.reservation group by 1) r on r.sku = i.sku
         where i.on_hand <> coalesce(m.sum, 0) or i.on_hand <> coalesce(l.sum, 0) or i.reserved <> coalesce(r.held, 0)"""),
    ("what is promised to an order is not what it ordered, shipped or gave back", """
        select o.number, l.sku, l.quantity, l.shipped, r.* from orders.orders o
          join (select order_id, sku, sum(quantity) as quantity, sum(shipped_quantity) as shipped from orders.line group by 1, 2) l on l.order_id = o.id
          left join inventory.reservation r on r.order_id = o.id and r.sku = l.sku
         where r.order_id is null or r.quantity <> l.quantity or r.shipped <> l.shipped
            or r.released <> case when o.cancelled_at is null then 0 else l.quantity - l.shipped end"""),
    ("stock is promised to no order", "select r.* from inventory.reservation r where not exists (select from orders.orders o where o.id = r.order_id)"),
    ("the money that is kept is not the order's", """
        select o.number, o.status, o.total_minor, i.captured_minor, i.refunded_minor, b.captured as posted, b.refunded as posted_back, p.charged, p.given_back
          from orders.orders o join payment.intent i on i.order_id = o.id
         cross join lateral (
            select coalesce(sum(e.amount_minor) filter (where p.kind = 'capture'), 0) as captured, coalesce(sum(e.amount_minor) filter (where p.kind = 'refund'), 0) as refunded
              from payment.posting p join payment.entry e on e.posting_id = p.id where p.payment_id = i.id and e.amount_minor > 0) b
         cross join lateral (
            select coalesce(sum(amount_minor), 0) as charged, coalesce(sum(refunded_minor), 0) as given_back
              from mock_provider.charge where reference = o.number and status = 'succeeded') p
         where i.captured_minor - i.refunded_minor <> case when o.paid_at is not null and o.cancelled_at is null then o.total_minor else 0 end
            or (i.captured_minor, i.refunded_minor, i.captured_minor, i.refunded_minor) is distinct from (b.captured, b.refunded, p.charged, p.given_back)"""),
    ("the ledger is off balance", "select currency, sum(amount_minor) from payment.entry group by 1 having sum(amount_minor) <> 0"),
    ("a payment was taken more than once", """
        select payment_id, count(*) from payment.attempt where status = 'succeeded' and payment_id in (select id from payment.intent where status = 'succeeded')
         group by 1 having count(*) > 1"""),
    ("the log has gaps, or an event twice", """
        select count(*), count(distinct event_id) as ids, max(pos) - min(pos) + 1 as places from bus.event
        having count(*) is distinct from coalesce(max(pos) - min(pos) + 1, 0) or count(*) <> count(distinct event_id)"""),
    ("an order's events are not its story, in its order", """
        select o.number, o.status, e.topics from orders.orders o
          left join (select order_key, array_agg(topic order by pos) as topics from bus.event group by 1) e on e.order_key = o.id::text
         where e.topics is null or e.topics[1] <> 'order.placed'
            or cardinality(array_positions(e.topics, 'order.placed')) <> 1
            or cardinality(array_positions(e.topics, 'order.paid')) <> case when o.paid_at is null then 0 else 1 end
            or cardinality(array_positions(e.topics, 'order.cancelled')) <> case when o.cancelled_at is null then 0 else 1 end
            or cardinality(array_positions(e.topics, 'order.refunded')) <> case when o.payment_status = 'refunded' then 1 else 0 end
            or cardinality(array_positions(e.topics, 'shipment.created')) <> (select count(*) from orders.shipment s where s.order_id = o.id)
            or cardinality(array_positions(e.topics, 'shipment.delivered')) <> (select count(*) from orders.shipment s where s.order_id = o.id and s.delivered_at is not null)
            or array_position(e.topics, 'payment.succeeded') > array_position(e.topics, 'order.paid')
            or array_position(e.topics, 'order.paid') > least(array_position(e.topics, 'shipment.created'), array_position(e.topics, 'order.refunded'))
            or array_position(e.topics, 'order.cancelled') > array_position(e.topics, 'order.refunded')
            or array_position(e.topics, 'shipment.created') > array_position(e.topics, 'shipment.delivered')"""),
    ("orders.payments did not apply every event once, in order", """
        select e.order_key, array_agg(e.pos order by e.pos) as said, t.heard from bus.event e
          left join (select order_id, array_agg(position order by id) as heard from orders.timeline where position is not null group by 1) t on t.order_id::text = e.order_key
         where e.topic in ('payment.succeeded', 'payment.failed', 'payment.cancelled', 'payment.refunded', 'payment.refund_delayed')
         group by 1, 3 having array_agg(e.pos order by e.pos) is distinct from t.heard"""),
    ("payment.orders did not ask once for the money back", """
        select o.number, count(r.id) from orders.orders o join payment.intent i on i.order_id = o.id left join payment.refund r on r.payment_id = i.id
         where o.cancelled_at is not null and i.captured_minor > 0 group by 1, i.captured_minor, i.amount_minor
        having count(*) filter (where r.status = 'succeeded') <> i.captured_minor / i.amount_minor"""),
    ("inventory.shipments did not book every parcel once", """
        select e.pos, p.sku, p.quantity, m.sum from bus.event e
         cross join lateral (select l ->> 'sku' as sku, sum((l ->> 'quantity')::bigint) as quantity from jsonb_array_elements(e.payload -> 'lines') l group by 1) p
          left join lateral (select sum(delta) from inventory.movement where reference = 'shipment:' || (e.payload ->> 'shipment_id') and sku = p.sku) m on true
         where e.topic = 'shipment.created' and m.sum is distinct from -p.quantity"""),
    ("notification.messages did not make one message of each event", """
        select e.pos, e.topic, count(m.id), min(m.state) as state, min(m.error) as error from bus.event e left join notification.message m on m.event_id = e.event_id
         where e.topic in ('order.paid', 'order.cancelled', 'shipment.created') group by 1, 2 having count(m.id) <> 1 or min(m.state) <> 'sent'"""),
    ("analytics.orders counts other orders than there are", """
        select o.number, o.paid_at, f.paid_at as counted_at, f.cancelled_at from orders.orders o left join analytics.order_fact f on f.order_id = o.id
         where f.order_id is null or f.total_minor <> o.total_minor or (f.paid_at is null) <> (o.paid_at is null) or (f.cancelled_at is null) <> (o.cancelled_at is null)
            or (select count(*) from analytics.line_fact l where l.order_id = o.id) <> (select count(*) from orders.line l where l.order_id = o.id)"""),
    ("analytics.refunds did not count every refund once", """
        select e.pos, f.amount_minor from bus.event e left join analytics.refund_fact f on f.event_id = e.event_id
         where e.topic = 'order.refunded' and f.amount_minor is distinct from (e.payload ->> 'amount_minor')::bigint"""),
    ("events were given up", "select subscription, pos, state, last_error from bus.parked where state <> 'skipped'"),
    ("jobs were given up", "select queue, dedup_key, last_error from bus.job where state = 'dead'"),
)


def rows(shop, facts):
    """{fact: the rows that break it}; one conversation for all of them."""
    query = " union all ".join(f"select {n} as n, to_jsonb(x) as broken from ({q}) x" for n, (_, q) in enumerate(facts))
    found = collections.defaultdict(list)
    for row in shop.sql(f"select jsonb_build_array(n, broken) from ({query}) all_of_them"):
        found[facts[row[0]][0]].append(row[1])
    return found


def tell(found):
    return "\n".join(f"{what}: " + "; ".join(json.dumps(r) for r in broken[:5]) for what, broken in found.items())


def assert_settled(shop, hurry=None):
    """Comes to rest, and then everything is true. hurry: SQL that makes time pass."""
    deadline = time.monotonic() + SETTLE_SECS
    while True:
        if hurry:
            shop.sql(hurry)
        # An order that nobody pays is cancelled when its half hour is over, also between a look at the rows and one at the mails.
        found = rows(shop, UNREST + FACTS) or mails_astray(shop)
        if not found:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"after {SETTLE_SECS} s:\n" + tell(found))
        time.sleep(0.05)


def mails_astray(shop):
    """Each message that was sent is a mail under its Message-ID, and each mail a message. Whose sender died before he wrote that down came again, and is the same one."""
    arrived = {str(m["Message-ID"]).strip("<>").split("@")[0] for m in shop.mails()}
    sent = {f"{m['id']}.{m['resends']}" for m in shop.sql("select jsonb_build_object('id', id, 'resends', resends) from notification.message where state = 'sent'")}
    found = {"mails that nobody sent": arrived - sent, "mails that did not come": sent - arrived}
    return {what: sorted(ids) for what, ids in found.items() if ids}
