package glia.engine.training;

import glia.model.Model;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/// The layers of a model in stages, each with as many layers as the others or one more. The first stage has the
/// embedding, too, and the last one the head. Of `n` ranks, rank `r` has the stages `r`, `r + n`, …: one of them, or
/// several in an interleaved pipeline (https://arxiv.org/abs/2104.04473).
public final class PipelineStages {
    private static final Set<Role> OF_LAST = EnumSet.of(Role.FINAL_WEIGHT, Role.FINAL_BIAS, Role.TRANSFORM,
            Role.TRANSFORM_BIAS, Role.TRANSFORM_NORM_WEIGHT, Role.TRANSFORM_NORM_BIAS, Role.HEAD, Role.HEAD_BIAS);

    private final int numRanks;
    /// The first sublayer of each stage, and the number of sublayers.
    private final List<Integer> starts = new ArrayList<>();
    private final Map<Weight, SortedSet<Integer>> users = new LinkedHashMap<>();

    /// @param chunks stages of a rank
    /// @throws IllegalArgumentException if the model has not as many layers, or layers share more than the residual
    ///     stream
    public PipelineStages(Model model, int numRanks, int chunks) {
        this.numRanks = numRanks;
        ModelSpec spec = model.spec();
        if (spec.encoder().isPresent() || !spec.drafts().isEmpty() || spec.streams().isPresent()
                || !spec.towers().isEmpty()) {
            throw new IllegalArgumentException("a model with an encoder, multi-token prediction, several residual "
                    + "streams, pictures or sounds has no stages");
        }
        List<Integer> layers = spec.layerStarts();
        int count = numRanks * chunks;
        if (layers.size() < count) {
            throw new IllegalArgumentException("the " + layers.size() + " layers of the model cannot be divided into "
                    + count + " stages");
        }
        for (int s = 0; s < count; s++) {
            starts.add(layers.get(layers.size() * s / count));
        }
        starts.add(spec.sublayers().size());
        boolean isTied = spec.head().matrix() == Head.Matrix.TIED;
        for (Parameter p : model.sources().keySet()) {
            Weight w = model.weights().get(p);
            if (p.sublayer() < 0) {
                add(w, OF_LAST.contains(p.role()) ? count - 1 : 0);
                if (isTied && p.role() == Role.EMBEDDING) {
                    add(w, count - 1);
                }
            }
            for (int s = 0; s < count; s++) {
                for (int i = starts.get(s); i < starts.get(s + 1); i++) {
                    if (p.sublayer() == spec.sublayers().get(i).sharedWith().orElse(i)) {
                        add(w, s);
                    }
                }
            }
        }
    }

    private void add(Weight weight, int stage) {
        if (weight instanceof LowRank adapted) {
            adapted.parts().forEach(part -> add(part, stage));
        } else if (weight != Weight.ABSENT) {
            users.computeIfAbsent(weight, w -> new TreeSet<>()).add(stage);
        }
    }

    /// The number of stages.
    public int count() {
        return starts.size() - 1;
    }

    /// The number of ranks.
    public int numRanks() {
        return numRanks;
    }

    /// The rank of a stage.
    public int rank(int stage) {
        return stage % numRanks;
    }

    /// The first sublayer of a stage, or the number of sublayers.
    int start(int stage) {
        return starts.get(stage);
    }

    /// All weights, in an order that all ranks have.
    public List<Weight> weights() {
        return List.copyOf(users.keySet());
    }

    /// The stages that read a weight. The first of them adds up its gradients and updates it.
    public SortedSet<Integer> users(Weight w) {
        return users.get(w);
    }

    /// The stage that updates a weight.
    public int owner(Weight w) {
        return users.get(w).getFirst();
    }

    /// The weights whose gradients a stage hands on, each to the stage before it that reads it, too.
    Map<Weight, Integer> handed(int stage) {
        Map<Weight, Integer> to = new LinkedHashMap<>();
        users.forEach((w, of) -> {
            if (of.contains(stage) && of.getFirst() < stage) {
                to.put(w, of.headSet(stage).getLast());
            }
        });
        return to;
    }

    /// The weights whose gradients are handed to a stage, each with the stage that has them.
    Map<Weight, Integer> handedTo(int stage) {
        Map<Weight, Integer> from = new LinkedHashMap<>();
        users.forEach((w, of) -> {
            if (of.contains(stage) && of.getLast() > stage) {
                from.put(w, of.tailSet(stage + 1).getFirst());
            }
        });
        return from;
    }
}
