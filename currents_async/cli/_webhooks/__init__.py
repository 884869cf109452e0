"""Commands about webhooks: `webhooks`."""
