package glia.serve.chat;

import static glia.serve.request.Field.integer;
import static glia.serve.request.Field.text;
import static glia.serve.request.Field.value;

import glia.engine.GenerationOptions;
import glia.engine.steer.Steering;
import glia.serve.request.FieldTable;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The fields that each API has under the same names: of text diffusion models, and control vectors.
public final class ModelFields {
    private static final String OF_MODEL = "the model's";
    private static final String MODELS = "text diffusion models; ";

    private static final double MOST_SCALE = 1000;

    /// `steps`, `block_length`, `remasking` and `control_vectors`.
    public static final FieldTable TABLE = FieldTable.of("",
            integer("steps", 1, Integer.MAX_VALUE).usual(OF_MODEL).note(MODELS + "denoising steps of a canvas"),
            integer("block_length", 1, Integer.MAX_VALUE).usual(OF_MODEL).note(MODELS + "tokens of a block"),
            text("remasking").usual(OF_MODEL).note(MODELS + "which places a step sets"),
            value("control_vectors", "names of control vectors with scales from -1000 to 1000").usual(OF_MODEL)
                    .note("those of `--control-vector`, by their file names without ending; `{}` for none"));

    private ModelFields() { }

    /// Options with those that a request sets.
    public static GenerationOptions read(Fields body, GenerationOptions otherwise) {
        Map<String, Object> all = new HashMap<>(otherwise.diffusion());
        for (String key : List.of("steps", "block_length")) {
            body.integer(key).ifPresent(value -> all.put(key, value));
        }
        body.text("remasking").ifPresent(value -> all.put("remasking", value));
        return otherwise.withDiffusion(all).withSteering(steering(body, otherwise.steering()));
    }

    private static Steering steering(Fields body, Steering otherwise) {
        Optional<Fields> given = body.object("control_vectors");
        if (given.isEmpty()) {
            return otherwise;
        }
        Map<String, Double> scales = new HashMap<>();
        for (String name : given.get().all().keySet()) {
            scales.put(name, given.get().number(name, -MOST_SCALE, MOST_SCALE).orElse(0.0));
        }
        try {
            return otherwise.scaled(scales);
        } catch (IllegalArgumentException e) {
            throw ServeException.badField(body.name("control_vectors"), e.getMessage());
        }
    }
}
