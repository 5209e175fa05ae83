-- A cancellation says when it was: the figures count it by that time, and never learned of one without.

select bus.declare_topic('order.cancelled', 'es_orders', 1, 'An order was cancelled before it was shipped.',
	jsonb_set(schema, '{properties,cancelled_at}', '{"type": "string", "format": "date-time"}'),
	jsonb_set(example, '{cancelled_at}', '"2026-03-01T12:30:00Z"'))
  from bus.topic where name = 'order.cancelled';
