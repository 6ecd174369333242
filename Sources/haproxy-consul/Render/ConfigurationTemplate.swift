/// The embedded template of haproxy.cfg. Every name in it is given by `Rendering`; services' texts are checked before they come here.
enum ConfigurationTemplate {
    static let name = "haproxy.cfg"

    static let text = """
        # Written by haproxy-consul; changes are overwritten.
        global
            description mesos-cluster {{generation}}
            stats socket {{stats_socket}} mode 600 level admin expose-fd listeners
        {{#maxconn}}
            maxconn {{.}}
        {{/maxconn}}
        {{^maxconn}}
            fd-hard-limit 50000
        {{/maxconn}}
            hard-stop-after {{drain}}

        defaults
            mode http
            option dontlognull
            option redispatch
            retries 3
            timeout connect {{timeout_connect}}
            timeout client {{timeout_client}}
            timeout server {{timeout_server}}
            timeout http-request 30s
            timeout queue {{timeout_connect}}
            timeout check 2s
            default-server init-addr last,libc,none {{check}}

        frontend http
            bind {{bind}}:{{port}}
            monitor-uri /_haproxy_health_check
            option forwardfor
            option http-server-close
            http-request set-header X-Forwarded-Port %[dst_port]
            http-request set-var(txn.host) req.hdr(host),field(1,:),lower
            use_backend %[var(txn.host),map({{map}})] if { var(txn.host),map({{map}}) -m found }
            default_backend no_route

        backend no_route
            http-request return status 503 content-type text/html string '{{page}}'
        {{backends}}
        {{#listeners}}

        frontend port_{{port}}
            mode {{mode}}
            bind {{bind}}:{{port}}
            default_backend {{backend}}
        {{/listeners}}

        """
}

/// The embedded template of one service's backend. Servers come and go while HAProxy runs, each named by its address: so the algorithm
/// must be one that takes them (management guide, "add server").
enum BackendTemplate {
    static let name = "backend"

    static let text = """

        backend {{name}}
            mode {{mode}}
            balance roundrobin
        {{#cookie_key}}
            cookie SRV insert indirect nocache httponly dynamic
            dynamic-cookie-key {{.}}
        {{/cookie_key}}
        {{#servers}}
            server {{name}} {{endpoint}} weight {{weight}}
        {{/servers}}

        """
}
