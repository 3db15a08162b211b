-- What an order emits as a whole: its packaging and that as waste, the store's energy, and each leg
-- of its way.
{{ order_emitters("baseline_id = ''") }}
