"""What a WSGI server imports: `gunicorn -k gevent wsgi:app`, or for development `flask --app wsgi run`.

gunicorn's gevent worker has patched the standard library before it imports this; the development server has not, and
serves each request in a thread, so the patch that makes these greenlets comes first here.
"""

from gevent import monkey

under_gunicorn = monkey.is_module_patched("socket")
if not under_gunicorn:
    monkey.patch_all()

from chatapp import create_app, set_up_logging  # noqa: E402 - after the patch

if not under_gunicorn:
    set_up_logging()  # gunicorn does it by its configuration

app = create_app()
