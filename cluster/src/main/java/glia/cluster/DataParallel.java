package glia.cluster;

import glia.engine.training.Reduction;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Adds up gradients over ranks: each rank owns a slice of every bucket, gets that slice of all ranks, and adds them in
/// the order of the ranks to the sum of the micro-batches before. At the end of a step all slices are gathered. So the
/// sum is `((g0 + g1) + g2) + …` over the micro-batches of the step, the bits of one process on any number of ranks.
///
/// A rank sends `(P - 1)/P · N` numbers for each of its micro-batches, and as many when slices are gathered. Exchanges run
/// on a thread of its own, while the backward pass goes on.
final class DataParallel implements Reduction, AutoCloseable {
    private static final int ALIGNMENT = 16;

    /// The slice of a bucket that this rank adds up.
    private record Slice(long size, Tensor sum, MemorySegment received) {
        MemorySegment of(int rank) {
            return received.asSlice(Float.BYTES * size * rank, Float.BYTES * size);
        }
    }

    private final Collective collective;
    private final Kernels kernels;
    private final Arena arena = Arena.ofShared();
    private final ExecutorService thread;
    private final List<Future<?>> exchanges = new ArrayList<>();
    private final Map<Gradients.Bucket, Slice> slices = new LinkedHashMap<>();
    /// Backward passes of the step.
    private int passes;

    /// @param kernels of the thread that adds; not shared with others
    DataParallel(Collective collective, Kernels kernels) {
        this.collective = collective;
        this.kernels = kernels;
        thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("exchange-" + collective.rank()).factory());
    }

    @Override
    public int rank() {
        return collective.rank();
    }

    @Override
    public int size() {
        return collective.size();
    }

    @Override
    public double[] all(double... ofRank) {
        await();
        double[][] ranks = collective.all(ofRank);
        double[] all = new double[ofRank.length * size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = ranks[i % size()][i / size()];
        }
        return all;
    }

    @Override
    public void begin() {
        await();
        passes++;
    }

    @Override
    public void completed(Gradients.Bucket bucket) {
        boolean isSum = passes > 1;
        exchanges.add(thread.submit(() -> exchange(bucket, isSum)));
    }

    /// The elements of a bucket at which the slice of a rank begins.
    private long start(Gradients.Bucket bucket, int rank) {
        long blocks = Math.ceilDiv(bucket.size(), ALIGNMENT);
        return Math.min(bucket.size(), blocks * rank / size() * ALIGNMENT);
    }

    private MemorySegment slice(Gradients.Bucket bucket, Tensor values, int rank) {
        long from = start(bucket, rank);
        return values.memory().asSlice(Float.BYTES * from, Float.BYTES * (start(bucket, rank + 1) - from));
    }

    private void exchange(Gradients.Bucket bucket, boolean isSum) {
        Tensor values = bucket.values().orElseThrow();
        Slice slice = slices.computeIfAbsent(bucket, b -> {
            long own = start(b, rank() + 1) - start(b, rank());
            return new Slice(own, Tensor.allocate(arena, DType.F32, Math.max(1, own)),
                    arena.allocate(Float.BYTES * own * size(), Float.BYTES * ALIGNMENT));
        });
        List<MemorySegment> send = new ArrayList<>();
        List<MemorySegment> receive = new ArrayList<>();
        for (int p = 0; p < size(); p++) {
            send.add(slice(bucket, values, p));
            receive.add(slice.of(p));
        }
        collective.allToAll(send, receive);
        for (int p = 0; p < size() && slice.size > 0; p++) {
            Tensor next = Tensor.of(DType.F32, slice.of(p), slice.size);
            if (p == 0 && !isSum) {
                slice.sum.copyFrom(next);
            } else {
                kernels.add(slice.sum, slice.sum, next, 1);
            }
        }
    }

    @Override
    public void finish(Gradients gradients) {
        await();
        for (Gradients.Bucket bucket : gradients.buckets()) {
            Tensor values = bucket.values().orElseThrow();
            List<MemorySegment> parts = new ArrayList<>();
            for (int p = 0; p < size(); p++) {
                parts.add(slice(bucket, values, p));
            }
            Slice own = slices.get(bucket);
            parts.get(rank()).copyFrom(own.sum.memory().asSlice(0, Float.BYTES * own.size));
            collective.allGather(parts);
        }
        passes = 0;
    }

    private void await() {
        try {
            for (Future<?> exchange : exchanges) {
                exchange.get();
            }
            exchanges.clear();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RankException("interrupted", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException r ? r : new RankException("an exchange failed: "
                    + e.getCause(), e);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
        arena.close();
    }
}
