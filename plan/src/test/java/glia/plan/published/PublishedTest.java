package glia.plan.published;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.plan.predict.Effects;
import glia.plan.predict.Fit;
import glia.plan.published.Published.Accuracy;
import glia.plan.published.Published.Compared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Predictions beside figures that others published.
class PublishedTest {
    private static final String HEAD = "id,model,params_total,quantization,weights_gb,engine,hardware,devices,batch,"
            + "prompt_tokens,output_tokens,metric,value,source_key\n";

    @TempDir
    Path folder;

    private static Published sample() throws Exception {
        return Published.read(Path.of(PublishedTest.class.getResource("published-training.csv").toURI()).getParent());
    }

    private static Accuracy accuracy(List<Compared> compared, PublishedCase.Kind kind) {
        return Accuracy.of(compared.stream().filter(c -> c.published().kind() == kind).toList());
    }

    /// Without fitted effects the same rows are farther off, so the bounds can fail.
    @Test
    void publishedFiguresArePredicted() throws Exception {
        List<Compared> fitted = sample().compare(Effects.fitted());
        List<Compared> bare = sample().compare(Fit.none());
        assertTrue(accuracy(fitted, PublishedCase.Kind.TRAINING).median() < 1.2);
        assertTrue(accuracy(fitted, PublishedCase.Kind.DECODE).median() < 1.2);
        assertTrue(accuracy(fitted, PublishedCase.Kind.PREFILL).median() < 1.5);
        for (PublishedCase.Kind kind : List.of(PublishedCase.Kind.TRAINING, PublishedCase.Kind.PREFILL)) {
            assertTrue(accuracy(bare, kind).median() > accuracy(fitted, kind).median(), kind.words());
        }
    }

    @Test
    void aFitFindsWhatWasPlanted() throws Exception {
        Effects planted = Effects.fitted();
        List<PublishedCase> cases = sample().cases().stream().filter(c -> c.kind() == PublishedCase.Kind.TRAINING)
                .map(c -> new PublishedCase(c.id(), c.source(), c.kind(), c.predict(planted), c.prediction(), c.row()))
                .toList();
        Effects found = Effects.of(Fit.fit(cases, Map.of(), 1e-6));
        cases.forEach(c -> assertEquals(1, c.predict(found) / c.published(), 1e-3, c.id()));
    }

    @Test
    void oneRowIsPredictedByTheFormula() throws Exception {
        write(HEAD + "a,M,8030261248,F16,16.06,other,RTX 4090,1,1,0,256,decode tokens/s,55,s\n");
        Compared row = Published.read(folder).compare(Fit.none()).getFirst();
        double read = 16.06e9 / (1010e9 * 6 / 7);
        double layers = 22 * Math.pow(8.030261248, 0.29);
        double hidden = Math.sqrt(8030261248.0 / (12 * layers));
        double cache = 2 * layers * hidden / 2 * 128 / (1010e9 / 2);
        double expected = read + 2 * 8030261248.0 / 82.6e12 + layers * 60e-6 + cache;
        assertEquals(1 / expected, row.predicted(), 1e-6 / expected);
    }

    /// The physics that no fit has to find: threads bound a CPU, halved matrix units count twice for sums of 16 bits,
    /// scores that are written grow with the square of a prompt, links make up for tensor parallelism.
    @Test
    void limitsOfHardwareAreKnownWithoutAFit() throws Exception {
        write(HEAD.replace(",source_key", ",parallelism,threads,source_key")
                + "a,M,8030261248,Q4,4.9,other,EPYC 9654,1,1,0,9,decode tokens/s,5,,1,s\n"
                + "b,M,8030261248,Q4,4.9,other,EPYC 9654,1,1,0,9,decode tokens/s,5,,8,s\n"
                + "c,M,8030261248,Q4,4.9,other,EPYC 9654,1,1,0,9,decode tokens/s,5,,96,s\n"
                + "d,M,8030261248,F16,16,llama.cpp,RTX 4090,1,1,512,9,prefill tokens/s,5,,,s\n"
                + "e,M,8030261248,F16,16,llama.cpp,RTX 4090,1,1,8192,9,prefill tokens/s,5,,,s\n"
                + "f,M,8030261248,F16,16,vLLM,RTX 4090,1,1,8192,9,prefill tokens/s,5,,,s\n"
                + "g,M,70e9,F16,140,vLLM,A100 SXM 80GB,8,1,0,9,decode tokens/s,5,TP8,,s\n"
                + "h,M,70e9,F16,140,vLLM,L40S,8,1,0,9,decode tokens/s,5,TP8,,s\n");
        List<Double> rates = Published.read(folder).compare(Fit.none()).stream().map(Compared::predicted).toList();
        assertEquals(8, rates.get(1) / rates.get(0), 1e-3, "threads, not the memory, are the limit");
        assertTrue(rates.get(2) / rates.get(1) > 2 && rates.get(2) / rates.get(1) < 8, "then the memory");
        assertTrue(rates.get(3) / rates.get(4) > 1.5 && rates.get(5) > rates.get(4), "attention that is not fused");
        double bandwidths = 2000 / 864.0;
        assertTrue(rates.get(6) / rates.get(7) > bandwidths, "reductions through the host");
    }

    @Test
    void whatCannotBePredictedIsNamed() throws Exception {
        write(HEAD + "a,M,1e9,F16,2,e,Abacus,1,1,0,9,decode tokens/s,5,s\nb,M,1e9,F16,2,e,RTX 4090,1,64,9,9,"
                + "happiness,5,s\nc,M,1e9,F16,2,e,RTX 4090,1,1,0,9,decode tokens/s,fast,s\n"
                + "d,M,-5,F16,2,e,RTX 4090,1,1,0,9,decode tokens/s,5,s\ne,M,,F16,2,e,RTX 4090,1,1,0,9,"
                + "decode tokens/s,5,s\n");
        Published published = Published.read(folder);
        assertEquals(0, published.cases().size());
        List<String> reasons = published.leftOut();
        assertTrue(reasons.getFirst().contains("no device 'Abacus' is known; describe it in a hardware.csv"),
                reasons.getFirst());
        assertTrue(reasons.get(1).contains("column 'metric': found 'happiness'"), reasons.get(1));
        assertTrue(reasons.get(2).endsWith("column 'value': found 'fast', expected a number"), reasons.get(2));
        assertTrue(reasons.get(3).contains("expected a number above 0"), reasons.get(3));
        assertTrue(reasons.get(4).contains("found neither parameters, a shape nor a model"), reasons.get(4));
    }

    /// Names as other publishers write them; sizes from the name where no column has them.
    @Test
    void rowsOfOtherPublishersArePredicted() throws Exception {
        String[] rows = {
            "a,Llama 2 13B,,Q5_K_M,,mystery engine 9,NVIDIA GeForce RTX 4090 24GB,1,1,512,128,decode tokens/s",
            "b,Mixtral 8x7B,,4bit,,vLLM 0.9,8 x NVIDIA A100-SXM4-80GB,,32,512,128,\"decode tokens/s, total of the "
                    + "batch\"",
            "c,Qwen3-30B-A3B,,FP8,,KTransformers,2 x Xeon Gold 6454S + RTX 4090D,1,1,512,128,decode tokens/s",
            "d,Unknown-7B,,,,x,M3 Max (40-core GPU),1,1,512,128,prefill tokens/s",
            "e,Falcon-40B,,BF16,,TGI,H100-SXM5,4,max (offline),512,128,\"output tokens/s, all devices\"",
            "f,Yi-34B,,AWQ-INT4,,vLLM,A40,1,1,2000,500,(prompt+generated) tokens/s",
            "g,Phi-4 14B,,NVFP4,,x,EPYC 9654,2,1,512,128,prefill tokens/s"};
        write(HEAD + String.join("", List.of(rows).stream().map(row -> row + ",5,s\n").toList()));
        Published published = Published.read(folder);
        assertEquals(List.of(), published.leftOut());
        assertEquals(rows.length, published.cases().size());
        for (Compared row : published.compare(Effects.fitted())) {
            assertTrue(row.predicted() > 0.5 && row.predicted() < 1e6, row.published().id() + row.predicted());
        }
        Map<String, PublishedCase.Kind> kinds = published.cases().stream().collect(Collectors.toMap(
                PublishedCase::id, PublishedCase::kind));
        assertEquals(PublishedCase.Kind.SERVING_EXPERTS, kinds.get("b"));
        assertEquals(PublishedCase.Kind.WHOLE, kinds.get("f"));
    }

    /// Each source is predicted by effects that know nothing of it: a source that is twice as fast stays off by 2.
    @Test
    void aHeldOutSourceDoesNotFitItself() throws Exception {
        StringBuilder table = new StringBuilder(HEAD);
        for (int i = 0; i < 8; i++) {
            String row = ",M,8030261248,F16,16.06,other,RTX 4090,1,1,0,256,decode tokens/s,";
            table.append("a").append(i).append(row).append("50,one\n").append("b").append(i).append(row)
                    .append("100,two\n");
        }
        write(table.toString());
        Published published = Published.read(folder);
        assertEquals(2, accuracy(published.compareHeldOut(1e-3), PublishedCase.Kind.DECODE).median(), 0.2);
    }

    @Test
    void wrongTablesAreRefused() throws Exception {
        assertTrue(assertThrows(IOException.class, () -> Published.read(folder)).getMessage()
                .contains("found neither"));
        write("id,hardware\na,b\n");
        assertTrue(assertThrows(IOException.class, () -> Published.read(folder)).getMessage()
                .contains("has no column 'metric'"));
    }

    private void write(String table) throws IOException {
        Files.writeString(folder.resolve("published-inference.csv"), table);
    }
}
