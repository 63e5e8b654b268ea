package glia.serve.request;

import glia.io.web.WebFiles;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongConsumer;

/// Fetches the files that the current request names by address, where the server does that: at most as many as
/// pictures are allowed, with at most the bytes of a body in all, for about a minute. One thread serves a request.
public final class RequestFiles {
    private static final ScopedValue<RequestFiles> CURRENT = ScopedValue.newInstance();
    /// The longest time after which another address is fetched.
    private static final Duration LONGEST = Duration.ofSeconds(60);

    private final WebFiles web;
    private final HttpLimits limits;
    private final LongConsumer memory;
    private final long end = System.nanoTime() + LONGEST.toNanos();
    private int count;
    private long bytes;

    private RequestFiles(WebFiles web, HttpLimits limits, LongConsumer memory) {
        this.web = web;
        this.limits = limits;
        this.memory = memory;
    }

    /// Serves a request.
    ///
    /// @param web empty if the server fetches nothing
    /// @param memory receives the bytes of each file, and throws if they are too many
    public static <T> T serve(Optional<WebFiles> web, HttpLimits limits, LongConsumer memory,
            ScopedValue.CallableOp<T, Exception> to) throws Exception {
        return web.isEmpty() ? to.call()
                : ScopedValue.where(CURRENT, new RequestFiles(web.get(), limits, memory)).call(to);
    }

    /// The bytes of an address.
    ///
    /// @param name of the field, for messages
    /// @throws ServeException if it cannot be fetched or is not allowed
    public static byte[] fetched(String name, String address) {
        if (!CURRENT.isBound()) {
            throw ServeException.badField(name, "found an address, which this server does not fetch (it was started "
                    + "without --allow-urls); send the file itself: data:image/png;base64,…");
        }
        try {
            return CURRENT.get().get(address);
        } catch (IOException e) {
            throw ServeException.badField(name, e.getMessage());
        }
    }

    private byte[] get(String address) throws IOException {
        if (++count > limits.prompt().pictures() || System.nanoTime() > end) {
            throw new IOException("found more addresses than are fetched for a request: at most "
                    + limits.prompt().pictures() + " within " + LONGEST.toSeconds() + " s");
        }
        byte[] file = web.get(address);
        memory.accept(file.length);
        bytes += file.length;
        if (bytes > limits.bodyBytes()) {
            throw new IOException("the files of this request have more than " + limits.bodyBytes() + " bytes");
        }
        return file;
    }
}
