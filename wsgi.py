"""What a WSGI server imports: `gunicorn -k gevent wsgi:app`, or for development `flask --app wsgi run`.

gunicorn's gevent worker has patched the standard library before it imports this; the development server has not, and
serves each request in a thread, so the patch that makes these greenlets comes first here.
"""

from gevent import monkey

if not monkey.is_module_patched("socket"):
    monkey.patch_all()

from chatapp import create_app

app = create_app()
