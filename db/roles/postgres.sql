-- The run roles of the services, each with what its own statements need and no more. Run by a superuser, or by the schema's
-- owner who may create roles, in the database of Sallyport, after `sallyport migrate`; it may be run again at any time.
-- Give the roles a password or a certificate yourself, for example: ALTER ROLE sallyport_auth PASSWORD '…';
DO $$
DECLARE
  service TEXT;
BEGIN
  FOREACH service IN ARRAY ARRAY['sallyport_auth', 'sallyport_admin', 'sallyport_payments'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = service) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', service);
    END IF;
  END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE ON users TO sallyport_auth;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, refresh_tokens TO sallyport_auth;
GRANT SELECT, INSERT ON audit_events TO sallyport_auth;

-- The admin service shows users and ends sessions, but it never sees a password hash or a token.
GRANT SELECT (id, email, name, role, status, credential_version, created_at, updated_at) ON users TO sallyport_admin;
GRANT UPDATE (role, status, credential_version, updated_at) ON users TO sallyport_admin;
GRANT SELECT, UPDATE (ended_at, ended_reason) ON sessions TO sallyport_admin;
GRANT SELECT (id, session_id, user_id, revoked_at) ON refresh_tokens TO sallyport_admin;
GRANT UPDATE (revoked_at, revoked_reason) ON refresh_tokens TO sallyport_admin;
GRANT SELECT, INSERT ON audit_events TO sallyport_admin;

-- Payments reads no table of identity. Its ledger can only grow.
GRANT SELECT, INSERT, UPDATE ON payments, payment_operations, refunds TO sallyport_payments;
GRANT SELECT, INSERT ON payment_events TO sallyport_payments;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO sallyport_payments;

-- At start each service checks that the schema is the one that it was built for.
GRANT SELECT ON schema_migrations TO sallyport_auth, sallyport_admin, sallyport_payments;
