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

/// Requests to the hub and to the hosts it redirects to: time limits, redirects, waiting and trying again.
///
/// The token goes to the endpoint's scheme, host and port and nowhere else, whatever redirects say. A connection is
/// tried once (5 s); an answer that says "not now" (429, 5xx) or breaks off before its headers is asked for again.
final class HubHttp {
    static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    /// From the request to the answer's headers. Not the timeout of [HttpRequest], which in later JDKs includes the
    /// body and would cut long downloads.
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(30);
    private static final int MAX_REDIRECTS = 10;
    private static final int MAX_RETRIES = 3;
    private static final String USER_AGENT = "glia/0.1.0; java/" + Runtime.version().feature();

    private final HubSettings settings;
    private final Pause pause;
    private final HttpClient client;
    private final ProxySelector proxies;

    HubHttp(HubSettings settings, Pause pause, ProxySelector proxies) {
        this.settings = settings;
        this.pause = pause;
        this.proxies = proxies;
        // HTTP/1.1: one file after another gains nothing from streams, and a plain-text endpoint needs no upgrade.
        client = HttpClient.newBuilder().connectTimeout(CONNECT_TIMEOUT).version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER).proxy(proxies).build();
    }

    /// Sends a request and follows redirects to the last answer. A `HEAD` that is redirected to another host stops at
    /// the redirect where that already says what the file is: the other host knows nothing of commits and hashes.
    ///
    /// @param headers besides those that each request gets
    /// @return the answer, of any status; the caller closes its body
    HttpResponse<InputStream> send(String method, URI uri, Map<String, String> headers, Progress progress)
            throws HubException {
        URI at = uri;
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            HttpResponse<InputStream> response = sendPatiently(method, at, headers, progress);
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
        } catch (IllegalArgumentException e) {
            throw new HubException(Kind.SERVER, from.getHost() + " redirects to something that is no address: "
                + FileNames.printable(location), e);
        }
        String scheme = target.getScheme().toLowerCase(Locale.ROOT);
        boolean downgrade = "https".equalsIgnoreCase(from.getScheme()) && scheme.equals("http");
        if (!scheme.equals("https") && !scheme.equals("http") || downgrade || target.getHost() == null) {
            throw new HubException(Kind.REFUSED, from.getHost() + " redirects to " + scheme + ":, which is not followed"
                + (downgrade ? " from https" : "") + ".");
        }
        return target;
    }

    /// Retries what passes: 429 and 5xx, and connections that break before an answer.
    private HttpResponse<InputStream> sendPatiently(String method, URI uri, Map<String, String> headers,
            Progress progress) throws HubException {
        for (int attempt = 1; ; attempt++) {
            String trouble;
            Duration wait;
            try {
                HttpResponse<InputStream> response = sendOnce(method, uri, headers);
                if (!RetryPolicy.passes(response.statusCode())) {
                    return response;
                }
                wait = RetryPolicy.wait(response, attempt, pause.now());
                if (attempt > MAX_RETRIES || wait.compareTo(RetryPolicy.MAX_WAIT) > 0) {
                    return response;
                }
                close(response);
                trouble = "answered " + response.statusCode();
            } catch (IOException e) {
                if (e instanceof HubException || attempt > MAX_RETRIES) {
                    throw e instanceof HubException hub ? hub : unreachable(uri, reason(e), e);
                }
                trouble = "broke off the connection";
                wait = RetryPolicy.backoff(attempt);
            }
            progress.step(uri.getHost() + " " + trouble + "; trying again in " + RetryPolicy.seconds(wait) + " s ("
                + attempt + " of " + MAX_RETRIES + ")");
            pause.sleep(wait);
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
            return answer.get(ANSWER_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw unreachable(uri, "no answer within " + ANSWER_TIMEOUT.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            answer.cancel(true);
            Thread.currentThread().interrupt();
            throw new HubException(Kind.INTERRUPTED, "Stopped while waiting for " + uri.getHost() + ".", e);
        } catch (ExecutionException e) {
            if (isNoConnection(e.getCause())) {
                throw unreachable(uri, reason(e.getCause()), e.getCause());
            }
            throw e.getCause() instanceof IOException broken ? broken : new IOException(e.getCause());
        }
    }

    /// Looks the host's name up within the time of a connection: resolvers may take much longer to give up.
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
            lookup.get(CONNECT_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
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

    private static String reason(Throwable e) {
        if (e instanceof HttpConnectTimeoutException) {
            return "no connection within " + CONNECT_TIMEOUT.toSeconds() + " s";
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

    /// Drops a body that nobody reads; the connection may be used again or not, as the client likes.
    static void close(HttpResponse<InputStream> response) {
        try {
            response.body().close();
        } catch (IOException e) {
            // The answer is not wanted: how its transport ends does not matter.
        }
    }
}
