package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.LanguageModel;
import glia.engine.picture.PictureGenerator;
import glia.engine.sampling.SamplingOptions;
import glia.io.CheckpointException;
import glia.io.picture.Pixels;
import glia.serve.http.Exchange;
import glia.serve.http.Route.Endpoint;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `POST /v1/images/generations` (https://platform.openai.com/docs/api-reference/images/create): PNG files in Base64.
public final class ImageGenerations implements Endpoint {
    static final int MOST = 10;
    private static final String AUTO = "auto";
    private static final Pattern SIZE = Pattern.compile("([1-9]\\d{0,4})x([1-9]\\d{0,4})");

    private final ModelPool models;

    public ImageGenerations(ModelPool models) {
        this.models = models;
    }

    @Override
    public void answer(Exchange exchange) throws CheckpointException {
        Fields body = exchange.body();
        try (ModelPool.Lease lease = models.lease(body.text("model").orElse(""))) {
            String prompt = body.requiredText("prompt");
            int count = body.integer("n").orElse(1);
            String size = body.text("size").orElse(AUTO);
            OptionalLong seed = body.whole("seed");
            OptionalDouble guidance = body.number("guidance_scale").map(OptionalDouble::of)
                    .orElse(OptionalDouble.empty());
            String negative = body.text("negative_prompt").orElse("");
            body.word("response_format");
            body.word("output_format");
            body.end();
            Matcher sides = SIZE.matcher(size);
            if (!size.equals(AUTO) && !sides.matches()) {
                throw ServeException.badField("size", "found " + size + ", expected auto, or a width and a height such "
                        + "as 512x512");
            }
            int width = size.equals(AUTO) ? 0 : Integer.parseInt(sides.group(1));
            int height = size.equals(AUTO) ? 0 : Integer.parseInt(sides.group(2));
            List<Object> pictures = new ArrayList<>();
            PictureGenerator generator = generator(lease.served().model());
            for (int i = 0; i < count; i++) {
                SamplingOptions sampling = SamplingOptions.neutral();
                sampling = seed.isPresent() ? sampling.withSeed(seed.getAsLong() + i) : sampling;
                Optional<Pixels> picture = generate(generator, prompt, new PictureGenerator.Options(guidance, negative,
                        sampling, width, height), exchange);
                if (picture.isEmpty()) {
                    return;
                }
                pictures.add(object("b64_json", Base64.getEncoder().encodeToString(picture.get().png())));
            }
            exchange.json(object("created", System.currentTimeMillis() / 1000, "output_format", "png",
                    "data", pictures));
        }
    }

    private static PictureGenerator generator(LanguageModel model) throws CheckpointException {
        try {
            return PictureGenerator.of(model);
        } catch (IllegalArgumentException e) {
            throw ServeException.badField("model", e.getMessage());
        }
    }

    private static Optional<Pixels> generate(PictureGenerator generator, String prompt,
            PictureGenerator.Options options, Exchange exchange) throws CheckpointException {
        try {
            return generator.generate(prompt, options, done -> exchange.goesOn());
        } catch (IllegalArgumentException e) {
            throw ServeException.badField(e.getMessage().startsWith("size") ? "size" : "prompt", e.getMessage());
        }
    }
}
