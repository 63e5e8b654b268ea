package glia.serve.security;

import glia.serve.request.ServeException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Keeps web pages from using a server on the same machine.
///
/// A page of another host may send requests to `localhost`, with its own name in the header `Origin`. By DNS rebinding
/// its own name may even lead to this machine; then the header `Host` has that name. Both headers must therefore name
/// this machine, or what the options allow.
public final class OriginCheck {
    private static final Pattern URL = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*).*", Pattern.DOTALL);
    private static final Pattern HOST = Pattern.compile("(\\[[0-9a-f:.]+\\]|[^:\\[\\]]+?)\\.?(:\\d*)?");
    private static final Pattern LOOPBACK = Pattern.compile("127(\\.\\d{1,3}){3}");

    private final boolean isLocal;
    private final List<String> hosts;
    private final List<String> origins;

    /// @param isLocal whether the server listens to this machine alone; otherwise keys protect it
    public OriginCheck(boolean isLocal, Access access) {
        this.isLocal = isLocal;
        this.hosts = access.hosts().stream().map(name -> name.toLowerCase(Locale.ROOT)).toList();
        this.origins = access.origins();
    }

    /// Checks a request.
    ///
    /// @param host the header `Host`
    /// @param origin the header `Origin`
    /// @throws ServeException if it comes from a web page of another host: status 403
    public void check(String host, Optional<String> origin) {
        if (!isLocal) {
            return;
        }
        if (!isAllowedHost(name(host))) {
            throw refused("the header Host names another host than this machine; --allow-host NAME allows one");
        }
        if (origin.isPresent() && !allows(origin.get()) && !isAllowedHost(name(hostOf(origin.get()).orElse("")))) {
            throw refused("web pages of other hosts may not use this server; --cors ORIGIN allows one");
        }
    }

    /// Whether a page of an origin may read answers.
    public boolean allows(String origin) {
        return origins.contains(origin) || origins.contains("*");
    }

    /// Whether any page of another origin may.
    public boolean allowsAny() {
        return !origins.isEmpty();
    }

    private static ServeException refused(String message) {
        return new ServeException(403, "permission_error", "", message);
    }

    private boolean isAllowedHost(String name) {
        return name.equals("localhost") || name.endsWith(".localhost") || name.equals("[::1]")
                || LOOPBACK.matcher(name).matches() || hosts.contains(name);
    }

    /// The host and the port of a URL; empty if it is none, such as a path.
    public static Optional<String> hostOf(String url) {
        Matcher matcher = URL.matcher(url);
        return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    /// The name in `name:port`; empty if it is none.
    private static String name(String host) {
        Matcher matcher = HOST.matcher(host.toLowerCase(Locale.ROOT));
        return matcher.matches() ? matcher.group(1) : "";
    }
}
