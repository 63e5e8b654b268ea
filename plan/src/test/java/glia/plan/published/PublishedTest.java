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
        for (PublishedCase.Kind kind : List.of(PublishedCase.Kind.TRAINING, PublishedCase.Kind.DECODE)) {
            assertTrue(accuracy(bare, kind).median() > accuracy(fitted, kind).median(), kind.words());
        }
    }

    @Test
    void aFitFindsWhatWasPlanted() throws Exception {
        Effects planted = Effects.fitted();
        List<PublishedCase> cases = sample().cases().stream().filter(c -> c.kind() == PublishedCase.Kind.TRAINING)
                .map(c -> new PublishedCase(c.id(), c.source(), c.kind(), c.predict(planted), c.prediction(), c.row()))
                .toList();
        Effects found = Effects.of(Fit.fit(cases, 1e-6));
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

    @Test
    void whatCannotBePredictedIsNamed() throws Exception {
        write(HEAD + "a,M,1e9,F16,2,e,Abacus,1,1,0,9,decode tokens/s,5,s\nb,M,1e9,F16,2,e,RTX 4090,1,64,9,9,"
                + "decode tokens/s,5,s\n");
        Published published = Published.read(folder);
        assertEquals(0, published.cases().size());
        assertEquals("a: no device 'Abacus' is known", published.leftOut().getFirst());
        assertTrue(published.leftOut().get(1).startsWith("b: no prediction for the metric"));
    }

    @Test
    void wrongTablesAreRefused() throws Exception {
        assertTrue(assertThrows(IOException.class, () -> Published.read(folder)).getMessage()
                .contains("found neither"));
        write("id,hardware\na,b\n");
        assertTrue(assertThrows(IOException.class, () -> Published.read(folder)).getMessage()
                .contains("has no column 'metric'"));
        write(HEAD + "a,M,1e9,F16,2,e,RTX 4090,1,1,0,9,decode tokens/s,fast,s\n");
        String message = assertThrows(IllegalArgumentException.class, () -> Published.read(folder)).getMessage();
        assertTrue(message.endsWith("column 'value': found 'fast', expected a number"), message);
        write(HEAD + "a,M,-5,F16,2,e,RTX 4090,1,1,0,9,decode tokens/s,5,s\n");
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Published.read(folder)).getMessage()
                .contains("expected a number above 0"));
    }

    private void write(String table) throws IOException {
        Files.writeString(folder.resolve("published-inference.csv"), table);
    }
}
