package glia.cluster;

import glia.tensor.ops.RankGroup;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;

/// Some ranks whose exchanges take their turn on a thread, so that all ranks exchange in the same order.
///
/// @param waited gets the nanoseconds that this rank waited for an exchange
record ThreadedGroup(Collective members, ExecutorService thread, LongConsumer waited) implements RankGroup {
    @Override
    public int rank() {
        return members.rank();
    }

    @Override
    public int size() {
        return members.size();
    }

    @Override
    public void allGather(List<MemorySegment> slices) {
        await(thread.submit(() -> members.allGather(slices)), waited);
    }

    @Override
    public void allToAll(List<MemorySegment> send, List<MemorySegment> receive) {
        await(thread.submit(() -> members.allToAll(send, receive)), waited);
    }

    @Override
    public Runnable begin(MemorySegment send, int to, MemorySegment receive, int from) {
        Future<?> exchange = thread.submit(() -> members.sendReceive(send, to, receive, from));
        return () -> await(exchange, waited);
    }

    /// Waits for an exchange.
    static void await(Future<?> exchange, LongConsumer waited) {
        long start = System.nanoTime();
        end(exchange);
        waited.accept(System.nanoTime() - start);
    }

    /// @throws RuntimeException that of the exchange, if it failed
    static void end(Future<?> exchange) {
        try {
            exchange.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RankException("interrupted", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException r ? r : new RankException("an exchange failed: "
                    + e.getCause(), e);
        }
    }
}
