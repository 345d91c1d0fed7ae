"""gunicorn's settings: `berth serve` names this module to gunicorn, and so may a project's gunicorn.conf.py.

It is imported for these values alone. Every request has a thread that mostly waits; the work is done in the
execution environments.
"""

from berth.server import gunicorn_hooks

settings = gunicorn_hooks.read_settings()
hooks = gunicorn_hooks.Hooks(settings)

wsgi_app = "berth:create_app()"  # unless the command line names another application, such as wsgi:app
bind = hooks.bind
worker_class = "berth.server.gunicorn_worker.GatewayWorker"  # a gthread worker
http_parser = "python"  # the other one (gunicorn_h1c) does not hand on how a client spelled header names
threads = settings.threads
# A worker tells the master from its main thread that it is alive, so this limit never ends a handler
# that runs for long: each function's own timeout does.
timeout = 60
graceful_timeout = 110  # seconds; Fargate kills a container 120 s after SIGTERM at the latest
keepalive = 360  # longer than a load balancer keeps an idle connection by default (NLB: 350 s)
worker_connections = 1000 + threads
worker_tmp_dir = gunicorn_hooks.memory_folder()  # a worker's sign of life must not wait for a disk
control_socket_disable = True  # the socket would be a file in HOME, which may be read-only
certfile, keyfile, ca_certs = settings.tls_certificate, settings.tls_key, settings.tls_client_ca
cert_reqs = gunicorn_hooks.client_certificates(ca_certs)  # a gateway may prove itself by a certificate
# By default gunicorn believes what a client on the loopback interface says of SCRIPT_NAME and the scheme.
forwarded_allow_ips = ""
forwarder_headers = ""
# API Gateway lets 10,240 bytes of request line and headers through.
limit_request_line = 8190
limit_request_field_size = 16380
limit_request_fields = 200
logger_class = (
    "berth.server.json_log.JsonLogger" if settings.log_format == "json" else "gunicorn.glogging.Logger"
)

# In the master process.
on_starting = hooks.on_starting
when_ready = hooks.when_ready
on_reload = hooks.on_reload
pre_fork = hooks.pre_fork
child_exit = hooks.child_exit
on_exit = hooks.on_exit
# In each worker process.
post_fork = hooks.post_fork
post_worker_init = hooks.post_worker_init
pre_request = hooks.pre_request
worker_int = hooks.worker_int
worker_exit = hooks.worker_exit
