"""Our mapping against the references: raw input, and the ECS output that established integrations give for it."""
