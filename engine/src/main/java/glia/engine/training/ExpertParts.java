package glia.engine.training;

import glia.model.Model;
import glia.model.spec.Parameter;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.autograd.Gradients;
import glia.tensor.ops.ExpertRanks;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToIntFunction;

/// A model of which each of some ranks has some experts of each layer in training (expert parallelism,
/// https://arxiv.org/abs/2006.16668). All weights stay where they are; ranks read and update those of their experts,
/// and have the others' only until the first pass.
public final class ExpertParts {
    private static final Set<Role> ROLES = EnumSet.of(Role.GATE, Role.GATE_BIAS, Role.UP, Role.UP_BIAS, Role.DOWN,
            Role.DOWN_BIAS);

    private record Part(Place place, int rank) { }

    private final Model model;
    private final RankGroup ranks;
    private final Map<Weight, Part> parts = new IdentityHashMap<>();
    private final Map<Weight, List<Weight>> bySource = new IdentityHashMap<>();
    private final Map<Weight, Weight> wholes = new IdentityHashMap<>();
    private final List<Weight> weights = new ArrayList<>();

    /// @throws IllegalArgumentException if the model has no experts or ranks cannot divide them
    public ExpertParts(Model whole, RankGroup ranks) {
        this.ranks = ranks;
        Map<Place, Integer> counts = new HashMap<>();
        whole.sources().keySet().stream().filter(ExpertParts::isOfExpert).forEach(p ->
                counts.merge(p.place(), p.expert() + 1, Math::max));
        if (counts.isEmpty()) {
            throw new IllegalArgumentException("the model has no experts that ranks can divide");
        }
        for (Parameter p : whole.sources().keySet()) {
            weights.add(whole.weights().get(p));
            if (isOfExpert(p)) {
                add(p, whole.weights().get(p), counts.get(p.place()));
            }
        }
        this.model = whole.with(whole.dividedProducts().with(new ExpertRanks(ranks, bySource)));
    }

    private static boolean isOfExpert(Parameter p) {
        return p.expert() >= 0 && ROLES.contains(p.role());
    }

    private void add(Parameter p, Weight w, int count) {
        if (count % ranks.size() != 0) {
            throw new IllegalArgumentException("the " + count + " experts of " + p.place()
                    + " cannot be divided by " + ranks.size());
        }
        if (!(w instanceof Weight.Stored stored) || stored.tensor().dtype() != DType.F32) {
            throw new IllegalArgumentException(p + " is stored as " + w.format()
                    + ", expected F32; load the model with copies, and without adapters");
        }
        Part part = new Part(p.place(), p.expert() / (count / ranks.size()));
        parts.put(w, part);
        if (part.rank == ranks.rank()) {
            List<Weight> sources = new ArrayList<>();
            for (int s = 0; s < ranks.size(); s++) {
                sources.add(new Weight.Stored(stored.tensor()));
                wholes.put(sources.getLast(), w);
            }
            bySource.put(w, sources);
        }
    }

    /// The model with the products of these ranks.
    public Model model() {
        return model;
    }

    /// All weights, in an order that all ranks have.
    public List<Weight> weights() {
        return weights;
    }

    /// The rank that has a weight; empty if all have it.
    public Optional<Integer> rank(Weight w) {
        return Optional.ofNullable(parts.get(w)).map(Part::rank);
    }

    /// The weight whose gradients are those of a weight for the tokens of one rank, or the weight itself.
    public Weight whole(Weight ofSource) {
        return wholes.getOrDefault(ofSource, ofSource);
    }

    /// Whether a weight is one of this rank's experts for the tokens of one rank.
    public boolean isOfSource(Weight w) {
        return wholes.containsKey(w);
    }

    /// The weight of a rank's expert, or one of its weights for the tokens of one rank, for those of the first rank:
    /// the gradients of the others are added to its gradient.
    public Weight first(Weight w) {
        return isOfSource(w) ? first(whole(w)) : bySource.containsKey(w) ? bySource.get(w).getFirst() : w;
    }

    /// Plans the buckets of gradients, with those of this rank's experts for the tokens of each rank in the place of
    /// those of all experts: a layer's, or as many as fit in a bucket, for the first rank, then the same for the
    /// second, ….
    ///
    /// @param order of the whole model's weights, in which gradients become complete
    /// @param stages the stage of each weight, of which buckets have those of one
    void plan(Gradients gradients, Collection<Weight> order, long bucketBytes, ToIntFunction<Weight> stages) {
        List<Weight> all = new ArrayList<>();
        Map<Weight, Integer> kinds = new IdentityHashMap<>();
        List<Weight> experts = new ArrayList<>();
        for (Weight w : order) {
            Part part = parts.get(w);
            boolean isOther = part == null || !experts.isEmpty() && !parts.get(experts.getFirst()).place.equals(
                    part.place) || experts.stream().mapToLong(Weight::sizeBytes).sum() + w.sizeBytes() > bucketBytes;
            if (isOther) {
                end(experts, all, kinds);
            }
            if (part == null) {
                all.add(w);
            } else if (part.rank == ranks.rank()) {
                experts.add(w);
            }
        }
        end(experts, all, kinds);
        int numKinds = all.size() + 1;
        gradients.plan(all, bucketBytes, w -> stages.applyAsInt(whole(w)) * numKinds + kinds.getOrDefault(w, 0));
    }

    private void end(List<Weight> experts, List<Weight> all, Map<Weight, Integer> kinds) {
        for (int s = 0; s < ranks.size() && !experts.isEmpty(); s++) {
            int source = s;
            List<Weight> own = experts.stream().map(w -> bySource.get(w).get(source)).toList();
            own.forEach(w -> kinds.put(w, all.size() + 1));
            all.addAll(own);
        }
        experts.clear();
    }
}
