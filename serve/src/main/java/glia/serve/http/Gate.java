package glia.serve.http;

import glia.serve.request.HttpLimits;
import glia.serve.request.ServeException;
import io.helidon.webserver.http.ServerRequest;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Admits requests: who they are of, and how many at a time.
public final class Gate {
    private final HttpLimits limits;
    private final Map<String, Integer> running = new ConcurrentHashMap<>();
    private volatile boolean isDraining;

    public Gate(HttpLimits limits) {
        this.limits = limits;
    }

    /// A request that was admitted; it is counted until it is closed.
    final class Pass implements AutoCloseable {
        private final String caller;

        private Pass(String caller) {
            this.caller = caller;
        }

        @Override
        public void close() {
            running.computeIfPresent(caller, (_, count) -> count == 1 ? null : count - 1);
        }
    }

    /// Whose request it is.
    Caller caller(ServerRequest request) {
        return new Caller(request.remotePeer().host());
    }

    /// Admits a request.
    ///
    /// @throws ServeException if the server is draining or the caller has too many requests: status 503 or 429
    Pass admit(Caller caller) {
        if (isDraining) {
            throw new ServeException(503, "overloaded_error", "", "the server is stopping; try another one");
        }
        int count = running.merge(caller.name(), 1, Integer::sum);
        Pass pass = new Pass(caller.name());
        if (count > limits.streamsPerCaller()) {
            pass.close();
            throw new ServeException(429, "rate_limit_error", "", "found " + count + " requests at a time, expected at "
                    + "most " + limits.streamsPerCaller() + "; try again when one has ended");
        }
        return pass;
    }

    /// Admits no further requests.
    public void drain() {
        isDraining = true;
    }

    /// Whether further requests are refused.
    public boolean isDraining() {
        return isDraining;
    }

    /// The number of requests that run or wait.
    public int numRunning() {
        return running.values().stream().mapToInt(Integer::intValue).sum();
    }
}
