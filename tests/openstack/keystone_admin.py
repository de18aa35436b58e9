"""Makes a Keystone of tests/lib/keystone ready for tests, and takes tokens away.

    keystone_admin.py setup KEYSTONE CERT PLACEMENT   prints ID=... and SECRET=... of credentials
    keystone_admin.py revoke KEYSTONE CERT            all tokens of the user ferry
"""
import json
import ssl
import sys
import urllib.request

DOMAIN = {'id': 'default'}


class Keystone:
    def __init__(self, url, cert, user, password, project):
        self.url = url + '/v3'
        self.context = ssl.create_default_context(cafile=cert)
        self.token = None
        identity = {'methods': ['password'], 'password': {
            'user': {'name': user, 'domain': DOMAIN, 'password': password}}}
        scope = {'project': {'name': project, 'domain': DOMAIN}}
        reply, self.token = self.send('POST', '/auth/tokens',
                                      {'auth': {'identity': identity, 'scope': scope}})
        self.user = reply['token']['user']['id']

    def send(self, method, path, body=None):
        headers = {'Content-Type': 'application/json'}
        if self.token:
            headers['X-Auth-Token'] = self.token
        request = urllib.request.Request(self.url + path, method=method, headers=headers,
                                         data=json.dumps(body).encode() if body else None)
        with urllib.request.urlopen(request, context=self.context) as reply:
            text = reply.read()
            return json.loads(text) if text else None, reply.headers.get('X-Subject-Token')

    def make(self, kind, **fields):
        name = kind.rsplit('/', 1)[-1][:-1]
        return self.send('POST', '/' + kind, {name: fields})[0][name]


def admin(url, cert):
    return Keystone(url, cert, 'admin', 'admin', 'admin')


def make_user(keystone, name, project, role):
    user = keystone.make('users', name=name, password=name, domain_id='default')
    keystone.send('PUT', f"/projects/{project['id']}/users/{user['id']}/roles/{role}")


def make_endpoint(keystone, service, interface, url):
    keystone.make('endpoints', service_id=service['id'], interface=interface, region_id='here',
                  url=url)


def setup(url, cert, placement):
    keystone = admin(url, cert)
    role = keystone.send('GET', '/roles?name=admin')[0]['roles'][0]['id']
    project = keystone.make('projects', name='service', domain_id='default')
    make_user(keystone, 'ferry', project, role)
    make_user(keystone, 'placement', project, role)
    keystone.make('regions', id='here')
    service = keystone.make('services', type='placement', name='placement')
    identity = keystone.make('services', type='identity', name='keystone')
    make_endpoint(keystone, service, 'public', placement + '/')
    make_endpoint(keystone, identity, 'internal', url)
    print_credentials(Keystone(url, cert, 'ferry', 'ferry', 'service'))


def print_credentials(ferry):
    rules = [{'path': '/resource_providers**', 'method': 'GET', 'service': 'placement'}]
    for name, more in ('ALL', {}), ('SOME', {'access_rules': rules}):
        made = ferry.make(f'users/{ferry.user}/application_credentials', name=name, **more)
        print(f"{name}_ID={made['id']} {name}_SECRET={made['secret']}")


def revoke(url, cert):
    keystone = admin(url, cert)
    user = keystone.send('GET', '/users?name=ferry')[0]['users'][0]['id']
    for enabled in False, True:
        keystone.send('PATCH', f'/users/{user}', {'user': {'enabled': enabled}})


{'setup': setup, 'revoke': revoke}[sys.argv[1]](*sys.argv[2:])
