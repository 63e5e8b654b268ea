package glia.serve.chat;

import static glia.serve.request.Field.integer;
import static glia.serve.request.Field.text;

import glia.engine.GenerationOptions;
import glia.serve.request.FieldTable;
import glia.serve.request.Fields;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The fields of text diffusion models, which each API has under the same names.
public final class DiffusionFields {
    private static final String OF_MODEL = "the model's";
    private static final String MODELS = "text diffusion models; ";

    /// `steps`, `block_length` and `remasking`.
    public static final FieldTable TABLE = FieldTable.of("",
            integer("steps", 1, Integer.MAX_VALUE).usual(OF_MODEL).note(MODELS + "denoising steps of a canvas"),
            integer("block_length", 1, Integer.MAX_VALUE).usual(OF_MODEL).note(MODELS + "tokens of a block"),
            text("remasking").usual(OF_MODEL).note(MODELS + "which places a step sets"));

    private DiffusionFields() { }

    /// Options with those that a request sets.
    public static GenerationOptions read(Fields body, GenerationOptions otherwise) {
        Map<String, Object> all = new HashMap<>(otherwise.diffusion());
        for (String key : List.of("steps", "block_length")) {
            body.integer(key).ifPresent(value -> all.put(key, value));
        }
        body.text("remasking").ifPresent(value -> all.put("remasking", value));
        return otherwise.withDiffusion(all);
    }
}
