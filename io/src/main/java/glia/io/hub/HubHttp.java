package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

/// HTTP requests to the hub and to the hosts it redirects to, with time limits ([HubTimeouts]), redirects and retries.
///
/// The token is sent to the endpoint's scheme, host and port only, whatever redirects say. A connection is tried once.
/// Statuses that mean "not now" (408, 429, 5xx) and connections that break before the response headers are retried, at
/// most three times for a request and all of its redirects.
final class HubHttp {
    private static final int MAX_REDIRECTS = 10;
    private static final int MAX_RETRIES = 3;
    private static final int MAX_PORT = 65535;
    private static final String USER_AGENT = "glia/0.1.0; java/" + Runtime.version().feature();

    private final HubSettings settings;
    private final RetryPolicy.RetryClock clock;
    private final HubTimeouts timeouts;
    private final HttpClient client;
    private final ProxySelector proxies;

    HubHttp(HubSettings settings, RetryPolicy.RetryClock clock, HubTimeouts timeouts, ProxySelector proxies) {
        this.settings = settings;
        this.clock = clock;
        this.timeouts = timeouts;
        this.proxies = proxies;
        // HTTP/1.1: files are fetched one after another, and a plain-text endpoint needs no upgrade.
        client = HttpClient.newBuilder().connectTimeout(timeouts.connect()).version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER).proxy(proxies).build();
    }

    HubTimeouts timeouts() {
        return timeouts;
    }

    /// Sends a request and follows redirects. A `HEAD` that is redirected to another host stops at the redirect if that
    /// has the file's commit and hash in its headers, which the other host does not send.
    ///
    /// @param headers in addition to those of every request
    /// @return the last response, of any status; the caller closes its body
    HttpResponse<InputStream> send(String method, URI uri, Map<String, String> headers, Progress progress)
            throws HubException {
        URI at = uri;
        var retries = new Retries(progress);
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            HttpResponse<InputStream> response = sendWithRetries(method, at, headers, retries);
            String location = response.headers().firstValue("Location").orElse("");
            if (response.statusCode() / 100 != 3 || response.statusCode() == 304 || location.isEmpty()) {
                return response;
            }
            URI next = redirectTarget(at, location);
            boolean knowsFile = response.headers().firstValue(HubApi.REPO_COMMIT).isPresent();
            if (method.equals("HEAD") && knowsFile && !sameOrigin(at, next)) {
                return response;
            }
            close(response);
            at = next;
        }
        throw new HubException(Kind.SERVER, uri.getHost() + " redirects " + uri.getPath() + " more than "
            + MAX_REDIRECTS + " times. Check HF_ENDPOINT, or a proxy on the way.");
    }

    private static URI redirectTarget(URI from, String location) throws HubException {
        URI target;
        try {
            target = from.resolve(URI.create(location));
            if (target.getPort() > MAX_PORT) {
                throw new IllegalArgumentException("port " + target.getPort());
            }
        } catch (IllegalArgumentException e) {
            throw new HubException(Kind.SERVER, from.getHost() + " redirects to an invalid address: "
                + FileNames.printable(location), e);
        }
        String scheme = String.valueOf(target.getScheme()).toLowerCase(Locale.ROOT);
        boolean downgrade = "https".equalsIgnoreCase(from.getScheme()) && scheme.equals("http");
        if (!scheme.equals("https") && !scheme.equals("http") || downgrade || target.getHost() == null) {
            throw new HubException(Kind.REFUSED, from.getHost() + " redirects to " + scheme + ":, which is not followed"
                + (downgrade ? " from https" : "") + ".");
        }
        return target;
    }

    /// Counts the retries of one request.
    private final class Retries {
        private final Progress progress;
        private int attempt = 1;

        Retries(Progress progress) {
            this.progress = progress;
        }

        boolean isExhausted() {
            return attempt > MAX_RETRIES;
        }

        void await(String host, String trouble, Duration wait) throws HubException {
            progress.step(host + " " + trouble + "; retrying in " + RetryPolicy.seconds(wait) + " s ("
                + attempt + " of " + MAX_RETRIES + ")");
            clock.sleep(wait);
            attempt++;
        }
    }

    private HttpResponse<InputStream> sendWithRetries(String method, URI uri, Map<String, String> headers,
            Retries retries) throws HubException {
        while (true) {
            String trouble;
            Duration wait;
            try {
                HttpResponse<InputStream> response = sendOnce(method, uri, headers);
                if (!RetryPolicy.isTemporary(response.statusCode())) {
                    return response;
                }
                wait = RetryPolicy.wait(response, retries.attempt, clock.now());
                if (retries.isExhausted() || wait.compareTo(RetryPolicy.MAX_WAIT) > 0) {
                    return response;
                }
                close(response);
                trouble = "answered " + response.statusCode();
            } catch (IOException e) {
                if (e instanceof HubException || retries.isExhausted()) {
                    throw e instanceof HubException hub ? hub : unreachable(uri, reason(e), e);
                }
                trouble = "closed the connection without an answer";
                wait = RetryPolicy.backoff(retries.attempt);
            }
            retries.await(uri.getHost(), trouble, wait);
        }
    }

    private HttpResponse<InputStream> sendOnce(String method, URI uri, Map<String, String> headers)
            throws IOException {
        requireResolvable(uri);
        var request = HttpRequest.newBuilder(uri).method(method, HttpRequest.BodyPublishers.noBody())
            .header("User-Agent", USER_AGENT).header("Accept-Encoding", "identity");
        headers.forEach(request::header);
        if (settings.token().isPresent() && sameOrigin(settings.endpoint(), uri)) {
            request.header("Authorization", "Bearer " + settings.token().get());
        }
        CompletableFuture<HttpResponse<InputStream>> answer =
            client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        try {
            return answer.get(timeouts.headers().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw unreachable(uri, "no response headers within " + RetryPolicy.seconds(timeouts.headers()) + " s",
                e);
        } catch (InterruptedException e) {
            answer.cancel(true);
            Thread.currentThread().interrupt();
            throw new HubException(Kind.INTERRUPTED, "Stopped while waiting for " + uri.getHost() + ".", e);
        } catch (ExecutionException e) {
            if (isNoConnection(e.getCause())) {
                throw unreachable(uri, reason(e.getCause()), e.getCause());
            }
            if (e.getCause() instanceof IOException broken) {
                throw broken;
            }
            // The client throws unchecked exceptions on invalid headers, such as a length that is not a number.
            throw new HubException(Kind.SERVER, uri.getHost() + " sent an invalid response ("
                + e.getCause().getMessage() + "). Check HF_ENDPOINT, or a proxy on the way.", e.getCause());
        }
    }

    /// Looks up the host's name within the connect timeout; the system's resolver may take much longer.
    private void requireResolvable(URI uri) throws HubException {
        if (isProxied(uri)) {
            return;
        }
        var lookup = new CompletableFuture<InetAddress>();
        Thread.ofPlatform().daemon().name("glia-lookup").start(() -> {
            try {
                lookup.complete(InetAddress.getByName(uri.getHost()));
            } catch (UnknownHostException e) {
                lookup.completeExceptionally(e);
            }
        });
        try {
            lookup.get(timeouts.connect().toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw unreachable(uri, e instanceof TimeoutException ? "the name server does not answer"
                : "no such host", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubException(Kind.INTERRUPTED, "Stopped while looking up " + uri.getHost() + ".", e);
        }
    }

    private boolean isProxied(URI uri) throws HubException {
        try {
            return proxies.select(uri).stream().anyMatch(proxy -> proxy.address() != null);
        } catch (IllegalArgumentException e) {
            throw new HubException(Kind.SETTINGS, "The proxy for " + uri.getHost() + " (" + uri.getScheme()
                + "_proxy or all_proxy) cannot be used: Glia takes HTTP proxies without a login, as in "
                + "http://host:port. Change it, or name the host in NO_PROXY.", e);
        }
    }

    private static boolean isNoConnection(Throwable e) {
        return e instanceof ConnectException || e instanceof HttpConnectTimeoutException || e instanceof SSLException
            || e instanceof UnresolvedAddressException;
    }

    private String reason(Throwable e) {
        if (e instanceof HttpConnectTimeoutException) {
            return "no connection within " + RetryPolicy.seconds(timeouts.connect()) + " s";
        }
        if (e instanceof SSLException) {
            return "no secure connection: " + e.getMessage();
        }
        return e.getMessage() == null ? "connection refused" : e.getMessage();
    }

    private HubException unreachable(URI uri, String reason, Throwable cause) {
        return new HubException(Kind.UNREACHABLE, uri.getHost() + " cannot be reached (" + reason + "). Check the "
            + "network; HTTPS_PROXY names a proxy, HF_ENDPOINT a mirror of the hub.", cause);
    }

    static boolean sameOrigin(URI a, URI b) {
        return a.getScheme().equalsIgnoreCase(b.getScheme()) && a.getHost().equalsIgnoreCase(b.getHost())
            && port(a) == port(b);
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
    }

    /// Discards a body that is not read.
    static void close(HttpResponse<InputStream> response) {
        try {
            response.body().close();
        } catch (IOException e) {
            // Nothing of it is needed.
        }
    }

    /// Time limits of requests.
    ///
    /// @param connect for the name lookup, and again for the connection
    /// @param headers from the request to the response headers. Not the timeout of `HttpRequest`, which in later JDKs
    ///     includes the body and would cut long downloads
    /// @param window a body must deliver `minBytes` in each window of this length
    /// @param minBytes the fewest bytes in a window
    /// @param listing the most time for the whole body of a listing
    record HubTimeouts(Duration connect, Duration headers, Duration window, long minBytes, Duration listing) {
        static final HubTimeouts DEFAULT = new HubTimeouts(Duration.ofSeconds(5), Duration.ofSeconds(30),
            Duration.ofSeconds(30), 4096, Duration.ofSeconds(120));
    }
}
