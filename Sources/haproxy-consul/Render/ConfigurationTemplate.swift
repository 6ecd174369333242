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
        {{#https}}
            bind {{bind}}:{{port}} ssl crt-list {{list}} {{tls}}
        {{/https}}
            monitor-uri /_haproxy_health_check
            option forwardfor
            option http-server-close
            http-request set-header X-Forwarded-Port %[dst_port]
            http-request set-header X-Forwarded-Proto http if !{ ssl_fc }
            http-request set-header X-Forwarded-Proto https if { ssl_fc }
            http-request set-var(txn.host) req.hdr(host),field(1,:),lower
            http-request set-var(txn.path) path
            http-request set-var(txn.route) var(txn.host),concat(,txn.path,/)
        {{#masters}}
            use_backend master_{{name}} if { var(txn.host) -m str {{host}} }
        {{/masters}}
            use_backend %[var(txn.route),map_beg({{map}})] if { var(txn.route),map_beg({{map}}) -m found }
            default_backend no_route

        backend no_route
            http-request return status 503 content-type text/html string '{{page}}'
        {{#masters}}

        backend master_{{name}}
            option httpchk GET /role
            http-check expect rstring '"role": ?"leader"'
        {{#https_port}}
            http-request redirect code 301 location https://%[var(txn.host)]{{.}}%[pathq] if !{ ssl_fc }
        {{/https_port}}
        {{#servers}}
            server {{address}} {{endpoint}} check port {{probe_port}} inter 1s fastinter 500ms downinter 1s fall 2 rise 1
        {{/servers}}
        {{/masters}}
        {{backends}}
        {{#listeners}}

        frontend port_{{port}}
            mode {{mode}}
            bind {{bind}}:{{port}}{{tls}}
        {{#lines}}
            {{.}}
        {{/lines}}
            default_backend {{backend}}
        {{/listeners}}
        {{#stats}}

        frontend stats
            bind {{bind}}
            stats enable
            stats uri /
            stats realm mesos-cluster
            stats auth {{auth}}
        {{/stats}}

        """
}

/// The embedded template of one service's backend. Servers come and go while HAProxy runs, each named by its address: so the algorithm
/// must be one that takes them (management guide, "add server").
enum BackendTemplate {
    static let name = "backend"

    static let text = """

        backend {{name}}
            mode {{mode}}
            balance {{balance}}
        {{#hash}}
            hash-type consistent
        {{/hash}}
        {{#cookie_key}}
            cookie SRV insert indirect nocache httponly dynamic
            dynamic-cookie-key {{.}}
        {{/cookie_key}}
        {{#lines}}
            {{.}}
        {{/lines}}
        {{#servers}}
            server {{name}} {{endpoint}} weight {{weight}}
        {{/servers}}

        """
}

/// The configuration in which HAProxy checks the head of one service, with all else that its sections hold.
enum HeadCheckTemplate {
    static let name = "head check"

    static let text = """
        defaults
            timeout connect 5s
            timeout client 5s
            timeout server 5s

        frontend check
            mode {{mode}}
            bind 127.0.0.1:1
        {{#lines}}
            {{.}}
        {{/lines}}
            default_backend {{backend}}
        {{backend_text}}

        """
}
