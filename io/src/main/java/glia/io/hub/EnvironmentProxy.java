package glia.io.hub;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The proxies of the environment variables that command-line tools share: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
/// `NO_PROXY`, in either case. Java itself ignores them. Only HTTP proxies without a login are
/// supported; others are an error and not bypassed.
final class EnvironmentProxy extends ProxySelector {
    private static final List<Proxy> DIRECT = List.of(Proxy.NO_PROXY);

    private final Map<String, String> environment;

    EnvironmentProxy(Map<String, String> environment) {
        this.environment = environment;
    }

    /// The proxies of this process: those of the JVM's system properties, else those of the environment.
    static ProxySelector ofProcess() {
        boolean hasProperties = System.getProperty("https.proxyHost") != null
            || System.getProperty("http.proxyHost") != null || Boolean.getBoolean("java.net.useSystemProxies");
        return hasProperties ? ProxySelector.getDefault() : new EnvironmentProxy(System.getenv());
    }

    @Override
    public List<Proxy> select(URI uri) {
        String value = variable(uri.getScheme() + "_proxy");
        String proxy = value.isEmpty() ? variable("all_proxy") : value;
        if (proxy.isEmpty() || isExempt(uri.getHost())) {
            return DIRECT;
        }
        return List.of(new Proxy(Proxy.Type.HTTP, address(proxy)));
    }

    /// @throws IllegalArgumentException if it is not `http://host:port`, with or without the scheme
    private static InetSocketAddress address(String proxy) {
        URI address = URI.create(proxy.contains("://") ? proxy : "http://" + proxy);
        if (address.getHost() == null || !"http".equalsIgnoreCase(address.getScheme())
            || address.getUserInfo() != null) {
            throw new IllegalArgumentException("not of the form http://host:port");
        }
        return InetSocketAddress.createUnresolved(address.getHost(), address.getPort() < 0 ? 80 : address.getPort());
    }

    private boolean isExempt(String host) {
        for (String entry : variable("no_proxy").split(",")) {
            String domain = entry.strip().toLowerCase(Locale.ROOT).replaceFirst("^\\*?\\.", "");
            String name = host.toLowerCase(Locale.ROOT);
            if (domain.equals("*") || !domain.isEmpty() && (name.equals(domain) || name.endsWith("." + domain))) {
                return true;
            }
        }
        return false;
    }

    private String variable(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        String value = environment.getOrDefault(lower, environment.get(lower.toUpperCase(Locale.ROOT)));
        return value == null ? "" : value.strip();
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException e) {
        // The client reports it; there is no second proxy.
    }
}
