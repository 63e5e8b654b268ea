package glia.tensor.ops.logits;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import java.util.Arrays;

/// The divergence of a student's next-token distributions from a teacher's, fused with both heads. From hidden states
/// `[N, D]` and `[N, D']` it computes a matrix `[N, 2]` with the columns divergence and entropy of the student, which
/// both have gradients.
///
/// Logits are computed for some rows at a time, and recomputed in the backward pass: memory does not grow with N times
/// the vocabulary. Rows that are left out are 0. The teacher gets no gradient.
public final class HeadDivergence implements Operation {
    /// The columns of the result.
    public enum Column { DIVERGENCE, ENTROPY }

    /// Logits of one model that are in memory at the same time, 32 MiB.
    private static final int TILE = 1 << 23;
    private static final int MOST_ROWS = 1024;
    private static final int LEAST_ROWS = 16;

    private final Tensor hidden;
    private final LogitHead head;
    private final Tensor teacherHidden;
    private final LogitHead teacherHead;
    private final int[] rows;
    private final Divergence rule;
    private Tensor picked;
    private Tensor teacherPicked;
    private Tensor statistics;

    /// @param hidden the student's hidden states, `[N, D]`
    /// @param teacherHidden the teacher's hidden states, `[N, D']`, unchanged until the backward pass
    /// @param rows the rows to compute, ascending
    /// @throws IllegalArgumentException if the vocabularies or the numbers of rows differ
    public HeadDivergence(Tensor hidden, LogitHead head, Tensor teacherHidden, LogitHead teacherHead, int[] rows,
            Divergence rule) {
        Compute.require(hidden.cols() == head.weight().cols(), "the student's head", hidden, head.weight());
        Compute.require(teacherHidden.cols() == teacherHead.weight().cols(), "the teacher's head", teacherHidden,
                teacherHead.weight());
        Compute.require(hidden.rows() == teacherHidden.rows(), "divergence", hidden, teacherHidden);
        if (head.vocabSize() != teacherHead.vocabSize()) {
            throw new IllegalArgumentException("the student's vocabulary has " + head.vocabSize()
                    + " tokens, the teacher's " + teacherHead.vocabSize() + "; distill from a teacher with the same "
                    + "tokenizer");
        }
        this.hidden = hidden;
        this.head = head;
        this.teacherHidden = teacherHidden;
        this.teacherHead = teacherHead;
        this.rows = rows.clone();
        this.rule = rule;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(hidden);
        inputs.weights(head.weight());
        head.bias().ifPresent(inputs::weights);
    }

    private int tileRows() {
        return Math.clamp(TILE / head.vocabSize(), LEAST_ROWS, MOST_ROWS);
    }

    @Override
    public Tensor forward(Compute ops) {
        int count = rows.length;
        Tensor y = ops.allocate(hidden.rows(), Column.values().length);
        statistics = ops.allocate(count, DivergenceTile.STATISTICS);
        picked = pick(ops, hidden);
        teacherPicked = pick(ops, teacherHidden);
        int mark = ops.mark();
        Tensor results = ops.allocate(count, y.cols());
        int tileMark = ops.mark();
        DivergenceTile tile = new DivergenceTile(rule, ops.kernels(), ops::allocate);
        for (int from = 0; from < count; from += tileRows()) {
            int to = Math.min(count, from + tileRows());
            Tensor[] student = new Tensor[head.numParts()];
            Tensor[] teacher = new Tensor[head.numParts()];
            for (int part = 0; part < student.length; part++) {
                student[part] = ops.allocate(to - from, head.size(part));
                head.logits(ops, student[part], picked.rows(from, to), part);
                teacher[part] = ops.allocate(to - from, head.size(part));
                teacherHead.logits(ops, teacher[part], teacherPicked.rows(from, to), part);
            }
            tile.forward(results.rows(from, to), statistics.rows(from, to), student, teacher);
            ops.release(tileMark);
        }
        y.zero();
        for (int i = 0; i < count; i++) {
            y.set(2L * rows[i], results.get(2L * i));
            y.set(2L * rows[i] + 1, results.get(2L * i + 1));
        }
        ops.release(mark);
        return y;
    }

    private Tensor pick(Compute ops, Tensor x) {
        if (rows.length == x.rows()) {
            return x;
        }
        Tensor some = ops.allocate(rows.length, x.cols());
        ops.kernels().gather(some, x, rows, rows.length);
        return some;
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        int count = rows.length;
        Tensor dresults = tape.scratch(count, y.cols());
        for (int i = 0; i < count; i++) {
            dresults.set(2L * i, dy.get(2L * rows[i]));
            dresults.set(2L * i + 1, dy.get(2L * rows[i] + 1));
        }
        Tensor dpicked = null;
        if (tape.needs(hidden)) {
            dpicked = tape.gradient(hidden);
            if (picked != hidden) {
                dpicked = tape.scratch(count, hidden.cols());
                dpicked.zero();
            }
        }
        Scratch scratch = new Scratch(tape);
        DivergenceTile tile = new DivergenceTile(rule, tape.kernels(), scratch::allocate);
        for (int from = 0; from < count; from += tileRows()) {
            int to = Math.min(count, from + tileRows());
            scratch.restart();
            Tensor[] student = new Tensor[head.numParts()];
            Tensor[] teacher = new Tensor[head.numParts()];
            for (int part = 0; part < student.length; part++) {
                student[part] = scratch.allocate(to - from, head.size(part));
                head.logits(tape, student[part], picked.rows(from, to), part);
                teacher[part] = scratch.allocate(to - from, head.size(part));
                teacherHead.logits(tape, teacher[part], teacherPicked.rows(from, to), part);
            }
            tile.backward(dresults.rows(from, to), statistics.rows(from, to), student, teacher);
            for (int part = 0; part < student.length; part++) {
                head.rule().backward(tape.kernels(), teacher[part], student[part]);
                head.backward(tape, teacher[part], picked.rows(from, to),
                        dpicked == null ? null : dpicked.rows(from, to), part);
            }
        }
        if (dpicked != null && picked != hidden) {
            tape.kernels().gradients().scatterAdd(tape.gradient(hidden), dpicked, rows, count, -1);
        }
    }

    @Override
    public String toString() {
        return "divergence of " + rows.length + " rows " + Arrays.toString(hidden.shape());
    }
}
