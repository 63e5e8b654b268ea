package glia.tensor.kernel;

/// The JVM's counter of the bytes that the calling thread has allocated on the heap.
public final class Allocation {
    private Allocation() { }

    /// By reflection, since the module of the tests does not read java.management.
    public static long bytes() {
        try {
            Class<?> factory = Class.forName("java.lang.management.ManagementFactory");
            Object threads = factory.getMethod("getThreadMXBean").invoke(null);
            Class<?> type = Class.forName("com.sun.management.ThreadMXBean");
            return (long) type.getMethod("getCurrentThreadAllocatedBytes").invoke(threads);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
