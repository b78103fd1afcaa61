-- The names of the channels that are on, as JSON, by the function that reviews: GET / gets none of their secrets in a cloud,
-- and judges by it whether anybody would be notified. NULL until the first review.
ALTER TABLE configuration ADD COLUMN channels TEXT;
