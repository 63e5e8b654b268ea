package glia.serve.mcp;

import glia.engine.LanguageModel;
import java.util.concurrent.CountDownLatch;

/// The engine's tools with the model that comes with the program.
final class EngineServer {
    private EngineServer() { }

    public static void main(String[] args) throws Exception {
        new EngineTools(LanguageModel.load("reasoner"), "reasoner").serve(System.in, System.out, "test");
        new CountDownLatch(1).await();
    }
}
