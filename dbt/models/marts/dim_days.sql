{{ config(materialized='view') }}

select toDate('2016-01-01') + toInt32(number) as day
from numbers(dateDiff('day', toDate('2016-01-01'), toDate('2036-01-01')))
