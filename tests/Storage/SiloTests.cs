using Checkpointing.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using Orleans.TestingHost;

namespace Checkpointing.Storage.Tests;

public interface INoteGrain : IGrainWithStringKey
{
    Task Write(string text);

    Task<string?> Read();
}

/// <summary>Writes its state when it is deactivated only: the last moment at which storage must still be open.</summary>
public sealed class NoteGrain([PersistentState("note", "checkpoints")] IPersistentState<Note> note) : Grain, INoteGrain
{
    public Task Write(string text)
    {
        note.State.Text = text;
        return Task.CompletedTask;
    }

    public Task<string?> Read() => Task.FromResult(note.State.Text);

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        note.WriteStateAsync(cancellationToken);
}

[GenerateSerializer]
[Alias("checkpointing.storage-tests.note.v1")]
public sealed class Note
{
    [Id(0)]
    public string? Text { get; set; }
}

public sealed class SiloTests
{
    [Fact]
    public async Task State_written_while_a_silo_shuts_down_is_there_after_a_restart()
    {
        using var directory = new TemporaryDirectory();
        await using (var cluster = await Start(directory.File("data/checkpoints.db")))
        {
            await Task.WhenAll(Enumerable.Range(0, 20).Select(number => cluster.Client.GetGrain<INoteGrain>($"{number}").Write($"note {number}")));
            await cluster.StopAllSilosAsync(TestContext.Current.CancellationToken);
        }

        await using (var cluster = await Start(directory.File("data/checkpoints.db")))
        {
            foreach (var number in Enumerable.Range(0, 20))
                Assert.Equal($"note {number}", await cluster.Client.GetGrain<INoteGrain>($"{number}").Read());
        }
    }

    [Fact]
    public async Task A_silo_opens_the_file_when_it_starts_and_closes_it_when_it_stops()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("checkpoints.db");
        await using var cluster = await Start(path);
        var storage = (SqliteGrainStorage)cluster.Silos[0].ServiceProvider.GetRequiredKeyedService<IGrainStorage>("checkpoints");
        Assert.NotNull(storage.Database);
        await cluster.StopAllSilosAsync(TestContext.Current.CancellationToken);
        Assert.Null(storage.Database);
        Assert.Equal([path], Directory.GetFiles(directory.Path));
    }

    private static async Task<InProcessTestCluster> Start(string path)
    {
        var builder = new InProcessTestClusterBuilder(initialSilosCount: 1);
        builder.Options.ServiceId = "notes"; // part of every record's key; test clusters make up a new one each
        builder.ConfigureSilo((_, silo) => silo.AddSqliteGrainStorage("checkpoints", options => options.DataSource = path));
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }
}
