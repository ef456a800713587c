using Checkpointing.SiloHost.Demo.Load;

namespace Checkpointing.SiloHost.Tests;

public sealed class AccountGroupsTests
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 64)]
    [InlineData(3, 7)]
    [InlineData(4, 64)]
    [InlineData(16, 32)]
    public void Transfers_stay_within_a_group_and_reach_every_account(int groups, int accounts)
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var accountGroups = new AccountGroups(groups, accounts);
        var (payers, payees) = (new HashSet<int>(), new HashSet<int>());
        for (var i = 0; i < accounts * 200; i++)
        {
            var (from, to) = accountGroups.DrawAccounts(random);
            Assert.True(from != to && from % groups == to % groups && to < accounts, $"{from} to {to}, seed {seed}");
            payers.Add(from);
            payees.Add(to);
        }

        Assert.True(payers.Count == accounts && payees.Count == accounts, $"{payers.Count} and {payees.Count} of {accounts}, seed {seed}");
    }

    [Fact]
    public void A_grain_names_its_group()
    {
        var groups = new AccountGroups(4, 64);

        Assert.Equal(3, groups.Of("account/7"));
        Assert.Equal(1, groups.Of("ledger/13"));
        Assert.Null(groups.Of("account-directory/default"));
    }
}
