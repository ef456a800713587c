using Checkpointing.SiloHost.Demo.Load;
using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests;

public sealed class AcknowledgedLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_transfer_is_in_the_file_once_it_is_acknowledged()
    {
        await using var log = AcknowledgedLog.Create(_folder.File("log"));

        Assert.Equal(1, await log.Acknowledge(Books.Transfer("t1")));
        await log.Note("checkpoint");
        Assert.Equal(2, await log.Acknowledge(Books.Transfer("t2")));

        Assert.Equal(2, log.LastAcknowledged);
        Assert.Equal(["1 transfer t1 0 1 100", "1 checkpoint", "2 transfer t2 0 1 100"], Lines());
    }

    [Fact]
    public async Task Numbers_are_those_of_the_lines_in_the_file()
    {
        await using var log = AcknowledgedLog.Create(_folder.File("log"));
        var ids = Enumerable.Range(0, 500).Select(number => $"t{number}").ToArray();

        var numbers = await Task.WhenAll(ids.Select(id => Task.Run(() => log.Acknowledge(Books.Transfer(id)))));

        Assert.Equal(500, log.LastAcknowledged);
        Assert.Equal(ids.Zip(numbers, (id, number) => $"{number} transfer {id} 0 1 100").Order(), Lines().Order());
    }

    private string[] Lines()
    {
        using var file = new FileStream(_folder.File("log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd().TrimEnd().Split('\n');
    }
}
