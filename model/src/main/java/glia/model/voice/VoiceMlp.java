package glia.model.voice;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.voice.VoiceTransformer.Form;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.expert.ExpertLinear;
import glia.tensor.ops.expert.ExpertMlp.Experts;
import glia.tensor.ops.expert.ExpertMlp.Weighting;
import glia.tensor.ops.expert.ExpertMlp;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router;
import glia.tensor.ops.expert.Routing;
import glia.tensor.ops.row.Scales.SigmoidGate;
import glia.tensor.ops.row.Sums.Sum;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What a layer of [VoiceTransformer] computes of each row by itself: an MLP with a gate or without, or experts beside
/// a gated MLP that all rows share.
interface VoiceMlp {
    Tensor of(Ops ops, Tensor x);

    /// @param name of the tensors, up to its last dot
    static VoiceMlp of(Config config, VoiceTensors tensors, String name, Form form, Activation activation)
            throws CheckpointException {
        int hidden = config.positive("hidden_size");
        if (form == Form.EXPERTS) {
            return experts(config, tensors, name, hidden, activation);
        }
        int inner = config.positive("intermediate_size");
        if (form.isGated()) {
            return gated(tensors, name, hidden, inner, activation);
        }
        Weight up = tensors.weight(name + "fc1.weight", inner, hidden);
        Weight down = tensors.weight(name + "fc2.weight", hidden, inner);
        return (ops, x) -> ops.linear(ops.activate(ops.linear(x, up), activation), down);
    }

    private static VoiceMlp gated(VoiceTensors tensors, String name, int hidden, int inner, Activation activation)
            throws CheckpointException {
        Weight[] up = {tensors.weight(name + "gate_proj.weight", inner, hidden),
            tensors.weight(name + "up_proj.weight", inner, hidden)};
        Weight down = tensors.weight(name + "down_proj.weight", hidden, inner);
        return (ops, x) -> {
            Tensor[] both = ops.linear(x, up);
            return ops.linear(ops.gated(both[0], both[1], activation), down);
        };
    }

    private static VoiceMlp experts(Config config, VoiceTensors tensors, String name, int hidden,
            Activation activation) throws CheckpointException {
        if (config.positive("decoder_sparse_step", 1) != 1
                || config.has("mlp_only_layers") && config.integers("mlp_only_layers").length > 0) {
            throw config.error("mlp_only_layers", "and decoder_sparse_step name layers without experts; expected none");
        }
        int count = config.positive(config.has("num_experts") ? "num_experts" : "num_local_experts");
        int inner = config.positive("moe_intermediate_size");
        List<List<Weight>> maps = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (int i = 0; i < count; i++) {
            String expert = name + "experts." + i + ".";
            maps.get(0).add(tensors.weight(expert + "gate_proj.weight", inner, hidden));
            maps.get(1).add(tensors.weight(expert + "up_proj.weight", inner, hidden));
            maps.get(2).add(tensors.weight(expert + "down_proj.weight", hidden, inner));
        }
        ExpertLinear[] linear = maps.stream().map(weights -> new ExpertLinear(weights, List.of()))
                .toArray(ExpertLinear[]::new);
        Experts experts = new Experts(new MlpForm.Gated(activation), linear[0], linear[1], linear[2]);
        Router router = Router.plain(config.positive("num_experts_per_tok"), Router.Score.SOFTMAX,
                config.flag("norm_topk_prob", false) ? Router.Share.NORMALIZED : Router.Share.AS_IS);
        Weight scores = tensors.weight(name + "gate.weight", count, hidden);
        VoiceMlp shared = gated(tensors, name + "shared_expert.", hidden,
                config.positive("shared_expert_intermediate_size"), activation);
        Weight share = tensors.weight(name + "shared_expert_gate.weight", 1, hidden);
        return (ops, x) -> {
            Routing routing = new Routing(ops.linear(x, scores), router, Optional.empty());
            Tensor y = ops.apply(new ExpertMlp(x, ops.apply(routing), routing, experts, Weighting.OUTPUT));
            return ops.apply(new Sum(y, 1, ops.apply(new SigmoidGate(shared.of(ops, x), ops.linear(x, share))), 1));
        };
    }
}
