/// The `glia` command.
@SuppressWarnings("requires-automatic")
module glia.cli {
    requires glia.check;
    requires glia.cluster;
    requires glia.lab;
    requires glia.plan;
    requires glia.serve;
    requires info.picocli;
    requires org.jline;
}
