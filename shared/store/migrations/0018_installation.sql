-- A random name of this installation: a service that several of them report to tells their alerts apart by it. It is
-- made when it is first asked for, so that it is copied like everything else if the store moves to another database.
ALTER TABLE configuration ADD COLUMN installation TEXT;
