package glia.serve.http;

import glia.engine.answer.Tools;
import glia.engine.call.CallObserver;
import glia.engine.call.CallTerms;
import glia.engine.call.HeavyWork;
import glia.io.json.JsonValues;
import glia.io.web.WebFiles;
import glia.serve.request.CpuPool;
import glia.serve.request.Fields;
import glia.serve.request.HttpLimits;
import glia.serve.request.RequestFiles;
import glia.serve.request.ServeException;
import glia.serve.security.Access;
import glia.serve.security.OriginCheck;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/// Admits requests: who they are of, how many at a time, and how much memory their bodies take.
public final class Gate {
    private static final HeaderName API_KEY = HeaderNames.create("x-api-key");
    private static final String BEARER = "Bearer ";
    /// Bytes of memory for a byte of a body: the text, its values, the prompt.
    private static final int MEMORY_OF_BYTE = 8;
    private static final int LONGEST_RETRY_SECONDS = 120;
    /// The weight of the last request in the mean duration.
    private static final double WEIGHT = 0.1;

    private final HttpLimits limits;
    private final Access access;
    private final OriginCheck origins;
    private final CallObserver observer;
    private final Function<byte[], Object> json;
    private final long bodyMemory;
    private final Optional<Tools> tools;
    private final Optional<WebFiles> web;
    private final CpuPool cpu = new CpuPool();
    private final Map<String, Integer> running = new ConcurrentHashMap<>();
    /// Bytes of memory by caller.
    private final Map<String, Long> memoryOf = new ConcurrentHashMap<>();
    private final AtomicInteger numRunning = new AtomicInteger();
    private final AtomicLong usedMemory = new AtomicLong();
    private volatile double meanSeconds = 1;
    private volatile boolean isDraining;
    private volatile boolean isStopping;

    /// @param isLocal whether the server listens to this machine alone
    /// @param observer receives the progress of all answers
    /// @param tools tools that the server runs
    /// @param web fetches files for requests
    public Gate(HttpLimits limits, Access access, boolean isLocal, CallObserver observer,
            Optional<Tools> tools, Optional<WebFiles> web) {
        this.web = web;
        this.tools = tools;
        this.limits = limits;
        this.access = access;
        this.origins = new OriginCheck(isLocal, access);
        this.observer = observer;
        this.json = JsonValues.within(limits.json());
        this.bodyMemory = Math.max(64L << 20, Runtime.getRuntime().maxMemory() / 4);
    }

    /// A request that was admitted; it is counted until it is closed.
    final class Pass implements AutoCloseable {
        private final String caller;
        private final long since = System.nanoTime();
        private long memory;

        private Pass(String caller) {
            this.caller = caller;
        }

        /// Counts the memory of more bytes of the body.
        ///
        /// @throws ServeException if bodies take too much memory, or those of one caller half of it: status 503
        void take(long numBytes) {
            long more = numBytes * MEMORY_OF_BYTE;
            memory += more;
            long ofCaller = memoryOf.merge(caller, more, Long::sum);
            long all = usedMemory.addAndGet(more);
            // A body may take all of it where it is alone.
            if (all > bodyMemory && all > memory || ofCaller > bodyMemory / 2 && ofCaller > memory) {
                throw new ServeException(503, "overloaded_error", "", "the bodies of other requests take all memory "
                        + "for bodies; try again later");
            }
        }

        @Override
        public void close() {
            running.computeIfPresent(caller, (_, count) -> count == 1 ? null : count - 1);
            numRunning.decrementAndGet();
            memoryOf.computeIfPresent(caller, (_, bytes) -> bytes == memory ? null : bytes - memory);
            usedMemory.addAndGet(-memory);
            meanSeconds += WEIGHT * ((System.nanoTime() - since) / 1e9 - meanSeconds);
        }
    }

    HttpLimits limits() {
        return limits;
    }

    /// Serves a request with the files that it names by address, if the server fetches these.
    <T> T withFiles(Pass pass, ScopedValue.CallableOp<T, Exception> to) throws Exception {
        return RequestFiles.serve(web, limits, pass::take, to);
    }

    OriginCheck origins() {
        return origins;
    }

    /// The object of a body.
    Fields parse(byte[] utf8) {
        CpuPool.ofBytes(utf8.length);
        return HeavyWork.run(utf8.length, () -> Json.parse(utf8, json));
    }

    /// The threads that read large requests.
    CpuPool cpu() {
        return cpu;
    }

    /// The terms on which a caller's requests are served.
    CallTerms terms(Caller caller) {
        return new CallTerms(caller.name(), access.isolatesCache() ? caller.name() : "", limits.requestTimeout(),
                limits.prompt(), observer, () -> isStopping, tools);
    }

    /// Whose request it is: by its API key, or by its address where the server has no keys.
    ///
    /// @throws ServeException if the key is missing or wrong: status 401
    Caller caller(ServerRequest request) {
        if (access.keys().isEmpty()) {
            return new Caller(request.remotePeer().host());
        }
        Optional<String> key = request.headers().first(HeaderNames.AUTHORIZATION)
                .filter(value -> value.regionMatches(true, 0, BEARER, 0, BEARER.length()))
                .map(value -> value.substring(BEARER.length()).strip()).or(() -> request.headers().first(API_KEY));
        // The message is the same for a key that is missing and one that is wrong, and has nothing of it.
        return key.flatMap(access.keys().get()::holder).map(Caller::new).orElseThrow(() -> new ServeException(401,
                "authentication_error", "", "expected a valid API key in the header 'Authorization: Bearer KEY' or "
                + "'x-api-key: KEY'"));
    }

    /// The caller of a route that may be open.
    Caller callerOfProbe(ServerRequest request) {
        return access.opensMetrics() ? Caller.ANYBODY : caller(request);
    }

    /// Admits a request.
    ///
    /// @throws ServeException if the server is draining, or the caller or all have too many requests: status 503 or 429
    Pass admit(Caller caller) {
        if (isDraining) {
            throw ServeException.stopping();
        }
        int ofCaller = running.merge(caller.name(), 1, Integer::sum);
        int all = numRunning.incrementAndGet();
        Pass pass = new Pass(caller.name());
        boolean hasKeys = access.keys().isPresent();
        // Without keys, clients on one machine may have one address, so a quarter of the places is for others.
        int most = hasKeys ? limits.streamsPerCaller() : limits.requests() - limits.requests() / 4;
        if (ofCaller > most) {
            throw tooMany(pass, ofCaller, hasKeys ? "of this API key" : "of this address", most);
        }
        if (all > limits.requests()) {
            throw tooMany(pass, all, "of all callers", limits.requests());
        }
        return pass;
    }

    private ServeException tooMany(Pass pass, int found, String whose, int most) {
        double mean = meanSeconds;
        pass.close();
        // A request that was refused says nothing of the time that requests take.
        meanSeconds = mean;
        return new ServeException(429, "rate_limit_error", "", "found " + found + " requests at a time " + whose
                + ", expected at most " + most + "; try again when one has ended");
    }

    /// In how many seconds a request that was refused may succeed: the mean duration of requests, after which those
    /// that were there have ended (Little's law: their number over their rate), divided among the places.
    int retrySeconds() {
        double busy = Math.min(1, numRunning.get() / (double) limits.requests());
        return (int) Math.clamp(Math.ceil(meanSeconds * busy), 1, LONGEST_RETRY_SECONDS);
    }

    /// Admits no further requests.
    public void drain() {
        isDraining = true;
    }

    /// Ends the answers that still run, with an error.
    public void stop() {
        isDraining = true;
        isStopping = true;
        cpu.close();
    }

    /// Whether further requests are refused.
    public boolean isDraining() {
        return isDraining;
    }

    /// The number of requests that run or wait.
    public int numRunning() {
        return numRunning.get();
    }
}
