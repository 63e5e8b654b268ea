package glia.tensor.ops.logits;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;

/// The divergence of each row of a student's logits from a teacher's, and the entropy of the student: `[N, V]` and
/// `[N, V]` to `[N, 2]`. The teacher gets no gradient.
public final class LogitDivergence implements Operation {
    private static final int TILE = 1 << 22;

    private final Tensor student;
    private final Tensor teacher;
    private final Divergence rule;
    private Tensor statistics;

    /// @param student logits `[N, V]`
    /// @param teacher logits `[N, V]`, unchanged until the backward pass
    /// @throws IllegalArgumentException if the shapes differ
    public LogitDivergence(Tensor student, Tensor teacher, Divergence rule) {
        Compute.require(student.rows() == teacher.rows() && student.cols() == teacher.cols(),
                "divergence of logits", student, teacher);
        this.student = student;
        this.teacher = teacher;
        this.rule = rule;
    }

    private int tileRows() {
        return Math.clamp(TILE / Math.max(1, student.cols()), 1, 1024);
    }

    @Override
    public Tensor forward(Compute ops) {
        int count = student.rows();
        Tensor y = ops.allocate(count, 2);
        statistics = ops.allocate(count, DivergenceTile.STATISTICS);
        DivergenceTile tile = new DivergenceTile(rule, ops.kernels(), ops::allocate);
        int mark = ops.mark();
        for (int from = 0; from < count; from += tileRows()) {
            int to = Math.min(count, from + tileRows());
            tile.forward(y.rows(from, to), statistics.rows(from, to), new Tensor[] {student.rows(from, to)},
                    new Tensor[] {teacher.rows(from, to)});
            ops.release(mark);
        }
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(student);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        Tensor dz = tape.gradient(student);
        int most = Math.min(tileRows(), student.rows());
        Tensor copy = tape.scratch(most, student.cols());
        Scratch scratch = new Scratch(tape);
        DivergenceTile tile = new DivergenceTile(rule, tape.kernels(), scratch::allocate);
        for (int from = 0; from < student.rows(); from += tileRows()) {
            int to = Math.min(student.rows(), from + tileRows());
            Tensor q = copy.rows(0, to - from);
            q.copyFrom(teacher.rows(from, to));
            scratch.restart();
            tile.backward(dy.rows(from, to), statistics.rows(from, to), new Tensor[] {student.rows(from, to)},
                    new Tensor[] {q});
            Tensor part = dz.rows(from, to);
            tape.kernels().add(part, part, q, 1);
        }
    }
}
