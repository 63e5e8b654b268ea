package glia.model;

import glia.model.spec.Attention;
import glia.model.spec.BlockSparseAttention;
import glia.model.spec.Draft;
import glia.model.spec.Head;
import glia.model.spec.IndexedAttention;
import glia.model.spec.MatrixMemory;
import glia.model.spec.Mixer.HashedExperts;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.RealGatedRecurrence;
import glia.model.spec.RelativeAttention;
import glia.model.spec.Role;
import glia.model.spec.Sublayer;
import glia.model.spec.TimeMix;
import glia.tensor.Tensor;
import java.util.random.RandomGenerator;

/// Initial parameter values. Matrices are normal with the standard deviation of an `Initialization`; norm weights are
/// 1, biases 0; state-space decay rates are 1, 2, 3… with time steps of 0.001 to 0.1
/// (https://arxiv.org/abs/2312.00752).
final class InitialValues {
    private static final double EMBEDDING_DEVIATION = 0.02;
    /// Of a scale of 1/√E.
    private static final double ROUNDING = 1e-5;
    private static final double SHORTEST_STEP = 0.001;
    private static final double LONGEST_STEP = 0.1;
    private static final double LEAST_DECAY = 0.9;
    private static final double MOST_DECAY = 0.999;

    private final ModelSpec spec;
    private final Initialization form;
    private final RandomGenerator random;

    /// @throws IllegalArgumentException if µP is wanted for a model whose head is tied to the embedding
    InitialValues(ModelSpec spec, Initialization form, RandomGenerator random) {
        this.spec = spec;
        this.form = form;
        this.random = random;
        if (form instanceof Initialization.MaximalUpdate && spec.head().matrix() == Head.Matrix.TIED) {
            throw new IllegalArgumentException("µP needs a head of its own, because embedding and head have different "
                    + "learning rates; set tie_word_embeddings to false");
        }
    }

    /// Fills the tensor of a parameter.
    void fill(Parameter p, Tensor t) {
        switch (p.role()) {
            case EMBEDDING -> normal(t, embeddings());
            case LAYER_EMBEDDING, POSITIONS, ENCODER_POSITIONS, SEGMENTS -> normal(t, EMBEDDING_DEVIATION);
            case BEFORE_WEIGHT -> constant(t, unit(sublayer(p).before()));
            case AFTER_WEIGHT -> constant(t, unit(sublayer(p).after()));
            case FINAL_WEIGHT -> constant(t, unit(spec.finalNorm()));
            case ENCODER_FINAL_WEIGHT -> constant(t, unit(spec.encoder().orElseThrow().finalNorm()));
            case QUERY_NORM -> constant(t, queryNorm(p));
            case KEY_NORM -> constant(t, unitOfHeads(p));
            case DRAFT_EMBEDDING_NORM -> constant(t, unit(draft(p).embeddingNorm()));
            case DRAFT_HIDDEN_NORM -> constant(t, unit(draft(p).hiddenNorm()));
            case DRAFT_FINAL_NORM -> constant(t, unit(draft(p).finalNorm()));
            case EMBEDDING_NORM_WEIGHT, ENCODER_EMBEDDING_NORM_WEIGHT, DISTANCES_NORM_WEIGHT,
                    LAYER_PROJECTION_NORM, LAYER_SCALE, ENCODER_LAYER_SCALE, QUERY_LATENT_NORM, LATENT_NORM, ENTRY_NORM,
                    ROUTER_NORM, RESIDUAL_NORM, STREAM_SCALE, STEPS_NORM, WRITE_NORM,
                    READ_NORM, GATED_NORM, GATED_NORM_VARIANCE, TRANSFORM_NORM_WEIGHT, SKIP, SUB_NORM, PAIR_NORM,
                    MLP_NORM, INDEX_QUERY_NORM_WEIGHT, QUERY_SCALE, DISTANCE_SCALE, QUERY_INPUT_NORM, KEY_INPUT_NORM,
                    VALUE_INPUT_NORM, PATCHER_NORM,
                    POSITION_OFFSET, INDEX_POSITION_OFFSET -> constant(t, 1);
            case INDEX_QUERY_NORM, INDEX_KEY_NORM_WEIGHT -> constant(t, unitOfIndex(p));
            case NGRAM_TABLE, PATCHER_EMBEDDING -> normal(t, EMBEDDING_DEVIATION);
            case FIRST_QUERY, FIRST_KEY, SECOND_QUERY, SECOND_KEY -> normal(t, 0.1);
            case POSITIVE_SLOPE -> constant(t, Math.log(Math.expm1(0.8)));
            case NEGATIVE_SLOPE -> constant(t, Math.log(Math.expm1(0.3)));
            case COMMON_SLOPE -> constant(t, 0.5);
            // Bounds from below and above in turn.
            case CLIP -> constant(t, p.expert() % 2 == 0 ? -1e4 : 1e4);
            case MIX_QUERY, MESSAGE_QUERY -> constant(t, 0);
            case SLOPE_LIMIT -> constant(t, -1e-6);
            case ROUTER_TABLE -> experts(t, ((HashedExperts) spec.mixer(p.place())).experts().numExperts());
            case DECAY -> decays(p, t);
            case BONUS -> constant(t, Math.log(0.3));
            case KEY_MIX, VALUE_MIX, GATE_MIX -> constant(t, 0.5);
            // Memories of an mLSTM begin open, with different spans.
            case FORGET_GATE_BIAS -> between(t, forget(p, 3), forget(p, 6));
            case STEPS_OFFSET -> steps(t);
            default -> {
                if (t.rank() == 1) {
                    constant(t, 0);
                } else {
                    normal(t, deviation(p, t.cols()));
                }
            }
        }
    }

    /// The standard deviation of a matrix.
    private double deviation(Parameter p, int inputs) {
        double plain = 1 / (Math.sqrt(inputs) * (p.role() == Role.QUERY ? scoresOfUnits(p) : 1));
        return switch (form) {
            case Initialization.Scaled scaled -> plain;
            case Initialization.Gpt2 gpt2 when isConvolution(p.role()) -> plain;
            case Initialization.Gpt2 gpt2 -> writesToStream(p.role())
                    ? EMBEDDING_DEVIATION / Math.sqrt(spec.sublayers().size()) : EMBEDDING_DEVIATION;
            case Initialization.MaximalUpdate mup -> plain * MaximalUpdateFactors.initial(spec, mup, p);
        };
    }

    /// The standard deviation of embeddings: larger where the head has the same matrix and scales logits down, as in T5
    /// and Granite.
    private double embeddings() {
        return form instanceof Initialization.Scaled && spec.head().matrix() == Head.Matrix.TIED
                && spec.head().logits() instanceof Head.Logits.Scaled scaled && scaled.factor() > 0
                ? Math.clamp(EMBEDDING_DEVIATION / scaled.factor(), EMBEDDING_DEVIATION, 1) : EMBEDDING_DEVIATION;
    }

    /// The standard deviation of the scores of queries and keys of unit variance, at least 1. T5 does not divide scores
    /// by √E; its queries begin smaller by that (https://arxiv.org/abs/1910.10683).
    private double scoresOfUnits(Parameter p) {
        if (spec.mixer(p.place()) instanceof RelativeAttention relative) {
            return Math.sqrt(relative.headSize());
        }
        if (spec.mixer(p.place()) instanceof Attention a && a.norm() instanceof QkNorm.None) {
            double deviation = a.scale() * Math.sqrt(a.headSize());
            return deviation > 1 + ROUNDING ? deviation : 1;
        }
        return 1;
    }

    private static boolean isConvolution(Role role) {
        return switch (role) {
            case CONVOLUTION, QUERY_CONVOLUTION, KEY_CONVOLUTION, VALUE_CONVOLUTION -> true;
            default -> false;
        };
    }

    private static boolean writesToStream(Role role) {
        return switch (role) {
            case OUTPUT, DOWN, SHARED_DOWN, EXPERT_OUTPUT -> true;
            default -> false;
        };
    }

    private double queryNorm(Parameter p) {
        double unit = unitOfHeads(p);
        return form instanceof Initialization.MaximalUpdate mup && unit != 0
                ? unit * MaximalUpdateFactors.initial(spec, mup, p) : unit;
    }

    private Sublayer sublayer(Parameter p) {
        return spec.sublayer(p);
    }

    /// The multi-token-prediction layer that a parameter belongs to.
    private Draft draft(Parameter p) {
        int draft = 0;
        while (spec.firstPlace(draft) != p.sublayer()) {
            draft++;
        }
        return spec.drafts().get(draft);
    }

    /// The neutral weight of a norm.
    private static double unit(Norm norm) {
        return norm instanceof Norm.Rms rms ? 1 - rms.offset()
                : norm instanceof Norm.Layer layer ? 1 - layer.offset() : 1;
    }

    private double unitOfHeads(Parameter p) {
        return unit(switch (spec.mixer(p.place())) {
            case Attention a -> a.norm();
            case BlockSparseAttention s -> s.attention().norm();
            case IndexedAttention a -> a.attention().norm();
            default -> new QkNorm.None();
        });
    }

    private double unitOfIndex(Parameter p) {
        return switch (spec.mixer(p.place())) {
            case BlockSparseAttention s -> unit(s.norm());
            case IndexedAttention a -> unit(a.norm());
            default -> 1;
        };
    }

    private static double unit(QkNorm norm) {
        return switch (norm) {
            case QkNorm.Heads heads -> unit(heads.norm());
            case QkNorm.Whole whole -> unit(whole.norm());
            case QkNorm.None _, QkNorm.HeadLayers _ -> 1;
            case QkNorm.Layers layers -> unit(layers.norm());
            case QkNorm.Rotated rotated -> unit(rotated.norm());
            case QkNorm.Clipped clipped -> unit(clipped.first());
        };
    }

    private static void constant(Tensor t, double value) {
        for (long i = 0; i < t.size(); i++) {
            t.set(i, (float) value);
        }
    }

    private void normal(Tensor t, double deviation) {
        for (long i = 0; i < t.size(); i++) {
            t.set(i, (float) (deviation * random.nextGaussian()));
        }
    }

    /// Different experts for each token, at random.
    private void experts(Tensor t, int numExperts) {
        for (long row = 0; row < t.size(); row += t.cols()) {
            int first = random.nextInt(numExperts);
            for (int i = 0; i < t.cols(); i++) {
                t.set(row + i, (first + i) % numExperts);
            }
        }
    }

    /// Logarithms of the rates, along each row if there is a row per channel.
    private void decays(Parameter p, Tensor t) {
        switch (spec.mixer(p.place())) {
            case TimeMix mix -> {
                between(t, -5, 3);
                return;
            }
            // Decays from 0.9 to 0.999 where the gate is open (https://arxiv.org/abs/2402.19427, section 2.4).
            case RealGatedRecurrence recurrence -> {
                between(t, LEAST_DECAY, MOST_DECAY);
                for (long i = 0; i < t.size(); i++) {
                    t.set(i, (float) Math.log(Math.expm1(-Math.log(t.get(i)) / 8)));
                }
                return;
            }
            default -> { }
        }
        for (long i = 0; i < t.size(); i++) {
            t.set(i, (float) Math.log(1 + i % t.cols()));
        }
    }

    private double forget(Parameter p, double ofMemory) {
        return spec.mixer(p.place()) instanceof MatrixMemory ? ofMemory : 0;
    }

    /// Values at equal distances.
    private static void between(Tensor t, double from, double to) {
        for (long i = 0; i < t.size(); i++) {
            t.set(i, (float) (from + (to - from) * i / Math.max(1, t.size() - 1)));
        }
    }

    /// The inverse softplus of time steps that are log-uniform.
    private void steps(Tensor t) {
        for (long i = 0; i < t.size(); i++) {
            double step = SHORTEST_STEP * Math.pow(LONGEST_STEP / SHORTEST_STEP, random.nextDouble());
            t.set(i, (float) Math.log(Math.expm1(step)));
        }
    }
}
