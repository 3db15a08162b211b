-- What an order would have emitted as a whole under each baseline.
{{ order_emitters("baseline_id != ''") }}
