package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;

/// Merges softmax attention over parts of a context, such as ranges of positions or the blocks that the members of a
/// ring hold (https://arxiv.org/abs/2310.01889). Belongs to one thread, which shares the work with the workers.
public final class PartialAttention extends RangeTask {
    private Tensor out;
    private Tensor logSumExp;
    private Tensor partOut;
    private Tensor partLogSumExp;

    public PartialAttention(Workers workers) {
        super(workers);
    }

    /// Merges the result of another part into `out` and `logSumExp`: `lse' = log(exp(lse) + exp(lseOfPart))` and
    /// `out' = exp(lse - lse')·out + exp(lseOfPart - lse')·outOfPart`. Where a part has no visible key, its `lse` is -∞
    /// and its `out` is not read.
    ///
    /// @param out `[N, H·valueSize]`, F32, as `Kernels.attention` computes it
    /// @param logSumExp `[N, H]`, F32
    /// @throws IllegalArgumentException if shapes or types differ
    public void merge(Tensor out, Tensor logSumExp, Tensor partOut, Tensor partLogSumExp) {
        if (out.rows() != logSumExp.rows() || logSumExp.cols() < 1 || out.cols() % logSumExp.cols() != 0
                || !isLike(out, partOut) || !isLike(logSumExp, partLogSumExp)) {
            throw new IllegalArgumentException("attention " + out + " with sums " + logSumExp + " and " + partOut
                    + " with " + partLogSumExp + " cannot be merged: both need rows of the same tokens and heads");
        }
        this.out = out;
        this.logSumExp = logSumExp;
        this.partOut = partOut;
        this.partLogSumExp = partLogSumExp;
        distribute(out.rows(), out.cols());
    }

    private static boolean isLike(Tensor a, Tensor b) {
        return a.dtype() == DType.F32 && b.dtype() == DType.F32 && a.rows() == b.rows() && a.cols() == b.cols();
    }

    @Override
    protected void range(int from, int to, int worker) {
        int heads = logSumExp.cols();
        long bytes = out.rowBytes() / heads;
        for (long i = (long) from * heads; i < (long) to * heads; i++) {
            float before = Memory.f32(logSumExp.address() + 4 * i);
            float part = Memory.f32(partLogSumExp.address() + 4 * i);
            if (part == Float.NEGATIVE_INFINITY) {
                continue;
            }
            boolean isFirst = before == Float.NEGATIVE_INFINITY;
            double largest = Math.max(before, part);
            double sum = Math.exp(before - largest) + Math.exp(part - largest);
            float kept = (float) (Math.exp(before - largest) / sum);
            float factor = (float) (Math.exp(part - largest) / sum);
            Memory.f32(logSumExp.address() + 4 * i, (float) (largest + Math.log(sum)));
            for (long at = i * bytes; at < (i + 1) * bytes; at += 4) {
                float old = isFirst ? 0 : kept * Memory.f32(out.address() + at);
                Memory.f32(out.address() + at, old + factor * Memory.f32(partOut.address() + at));
            }
        }
    }

    /// Size of an unfinished result of one query head, in bytes: F32 values of the largest score m, the denominator
    /// `Σ exp(score - m)` and the sums `Σ exp(score - m)·value`.
    public static long bytes(int valueSize) {
        return 4L * (2 + valueSize);
    }

    /// Adds an unfinished result to another. One without visible keys, whose denominator is 0, changes no bit.
    /// Addresses are not checked.
    public static void add(long total, long part, int valueSize) {
        if (Memory.f32(part + 4) == 0) {
            return;
        }
        boolean isFirst = Memory.f32(total + 4) == 0;
        float largest = isFirst ? Memory.f32(part) : Math.max(Memory.f32(total), Memory.f32(part));
        float kept = isFirst ? 0 : (float) Math.exp(Memory.f32(total) - largest);
        float factor = (float) Math.exp(Memory.f32(part) - largest);
        Memory.f32(total, largest);
        Memory.f32(total + 4, kept * Memory.f32(total + 4) + factor * Memory.f32(part + 4));
        for (long at = 8; at < bytes(valueSize); at += 4) {
            float before = isFirst ? 0 : kept * Memory.f32(total + at);
            Memory.f32(total + at, before + factor * Memory.f32(part + at));
        }
    }
}
