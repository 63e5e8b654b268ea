package glia.serve.security;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;

/// Who may use a server.
///
/// @param keys the API keys; without them only this machine may be listened to
/// @param origins origins of web pages that may call the server (CORS), such as `https://chat.example.org`; `*` for all
/// @param hosts further names by which the server is called, such as that of a proxy
/// @param opensMetrics whether `/ready` and `/metrics` need no key
/// @param sharesCache whether requests share prefixes of the KV cache with requests of other keys
public record Access(Optional<KeyFile> keys, List<String> origins, List<String> hosts, boolean opensMetrics,
        boolean sharesCache) {
    /// No keys, no web pages of other hosts.
    public static final Access LOCAL = new Access(Optional.empty(), List.of(), List.of(), false, false);

    /// Copies the arguments.
    ///
    /// @throws IllegalArgumentException if all web pages may call a server without keys
    public Access {
        origins = List.copyOf(origins);
        hosts = List.copyOf(hosts);
        if (keys.isEmpty() && origins.contains("*")) {
            throw new IllegalArgumentException("found --cors '*' without --keys: any web page could use the server; "
                    + "name the origins, or make keys with 'glia keys add NAME --keys FILE'");
        }
    }

    public Access withKeys(KeyFile file) {
        return new Access(Optional.of(file), origins, hosts, opensMetrics, sharesCache);
    }

    public Access withOrigins(List<String> allowed) {
        return new Access(keys, allowed, hosts, opensMetrics, sharesCache);
    }

    public Access withHosts(List<String> names) {
        return new Access(keys, origins, names, opensMetrics, sharesCache);
    }

    public Access withOpenMetrics() {
        return new Access(keys, origins, hosts, true, sharesCache);
    }

    public Access withSharedCache() {
        return new Access(keys, origins, hosts, opensMetrics, true);
    }

    /// Whether requests share prefixes of the KV cache only with requests of the same key: otherwise the time to the
    /// first token, and `cached_tokens`, would tell what others have sent. Without keys all requests share.
    public boolean isolatesCache() {
        return keys.isPresent() && !sharesCache;
    }

    /// Whether an address is reached from this machine alone.
    ///
    /// @throws IllegalArgumentException if there is no such address
    public static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("--host " + host + ": no such address; "
                    + "127.0.0.1 is this machine, 0.0.0.0 all "
                    + "its networks", e);
        }
    }

    /// Refuses to listen to a network without keys.
    ///
    /// @param host the address to listen on
    /// @throws IllegalArgumentException if others could reach the server and it has no keys
    public void requireSafe(String host) {
        if (keys.isEmpty() && !isLoopback(host)) {
            throw new IllegalArgumentException("--host " + host + " can be reached from other machines, and there are "
                    + "no API keys: make one with 'glia keys add NAME --keys FILE' and serve with '--keys FILE', or "
                    + "listen on 127.0.0.1");
        }
    }
}
