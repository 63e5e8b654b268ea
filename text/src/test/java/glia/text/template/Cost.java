package glia.text.template;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;

/// The cost of rendering a template.
///
/// @param text the rendered text, or null where it failed
/// @param error the failure, or null
/// @param millis CPU time
/// @param bytes memory allocated
record Cost(String text, TemplateException error, long millis, long bytes) {
    /// The most that a template may take within the default limits.
    /// Above the documented 2 s: a virtual processor may be much slower than another.
    private static final long MAX_MILLIS = 6_000;
    private static final long MAX_BYTES = 256L << 20;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /// Renders in this thread.
    static Cost of(String source, Map<String, ?> variables) {
        long nanos = THREADS.getCurrentThreadCpuTime();
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        String text = null;
        TemplateException error = null;
        try {
            text = ChatTemplate.parse("hostile", source).with(Fixtures.CLOCK).render(variables);
        } catch (TemplateException e) {
            error = e;
        }
        return new Cost(text, error, (THREADS.getCurrentThreadCpuTime() - nanos) / 1_000_000,
                THREADS.getCurrentThreadAllocatedBytes() - allocated);
    }

    /// Whether it stayed within the bounds of the default limits.
    boolean isBounded() {
        return millis <= MAX_MILLIS && bytes <= MAX_BYTES;
    }

    @Override
    public String toString() {
        return millis + " ms, " + (bytes >> 20) + " MiB, " + (error == null ? text.length() + " characters" : error);
    }
}
